"""``/api/docs/``: Swagger UI, which shows the document and tries it out. All of it comes from here.

Every address in it is relative, so that it works behind a proxy that adds a prefix. The access token that one pastes
stays in the page's memory: a reload forgets it.
"""

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from pyramid.config import PHASE0_CONFIG, Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.settings import asbool

from ..errors import NotFound

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Course platform: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{styles}">
</head>
<body>
<noscript>This page needs JavaScript. What it shows is <a href="../openapi.json">openapi.json</a>.</noscript>
<div id="page"></div>
<script src="{library}"></script>
<script src="{script}"></script>
</body>
</html>
"""
SCRIPT = """\
"use strict";
// Only the browser knows the prefix under which a proxy serves the platform.
const root = new URL("../..", location.href).href.replace(/[/]$/, "");
const here = { updateJsonSpec: (update) => (spec) => update({ ...spec, servers: [{ url: root }] }) };
SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#page",
  plugins: [() => ({ statePlugins: { spec: { wrapActions: here } } })],
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  showExtensions: true, // who may
  validatorUrl: null, // else the document goes to a service of others
});
"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Asset:
    """A file of the page. Its name tells its content, so that browsers may keep it for good."""

    stem: str
    suffix: str
    content_type: str
    body: bytes

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:32]

    @property
    def name(self) -> str:
        return f"{self.stem}.{self.digest[:12]}.{self.suffix}"


@cache
def assets() -> tuple[Asset, Asset, Asset]:
    """Stylesheet, library and script. Read once per process."""
    package = files("mkdocs_swagger_ui_tag") / "swagger-ui"
    javascript = "text/javascript"
    return (
        Asset("swagger-ui", "css", "text/css", (package / "stylesheets/swagger-ui.css").read_bytes()),
        Asset("swagger-ui", "js", javascript, (package / "javascripts/swagger-ui-bundle.js").read_bytes()),
        Asset("start", "js", javascript, SCRIPT.encode()),
    )


def show_page(request: Request) -> Response:
    styles, library, script = assets()
    page = PAGE.format(styles=styles.name, library=library.name, script=script.name)
    response = Response(text=page, content_type="text/html", charset="utf-8", conditional_response=True)
    response.headers["Content-Security-Policy"] = POLICY
    response.md5_etag()
    return response


def show_asset(request: Request) -> Response:
    """Raises: NotFound."""
    asset = next((one for one in assets() if one.name == request.matchdict["name"]), None)
    if asset is None:
        raise NotFound()
    response = Response(
        body=asset.body, content_type=asset.content_type, charset="utf-8", etag=asset.digest, conditional_response=True
    )
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def add_page(config: Configurator) -> None:
    if not config.registry.settings["docs.enabled"]:
        return
    config.add_capability("docs", "Every operation, to read and to try, at /api/docs/")
    for name, path, view in (("docs", "/api/docs/", show_page), ("docs asset", "/api/docs/{name}", show_asset)):
        config.add_route(name, path)
        config.add_view(view, route_name=name, permission=NO_PERMISSION_REQUIRED, request_method="GET")


def includeme(config: Configurator) -> None:
    config.add_setting("docs.enabled", asbool, default=True)
    config.action("docs page", add_page, args=(config,), order=PHASE0_CONFIG)  # when settings have their types
