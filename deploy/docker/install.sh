#!/bin/sh
# Installs the platform as it runs in production: its wheel, what that needs, and production.ini.
# Used by the Dockerfile, and without Docker by tests/functional/test_image.py.
#   deploy/docker/install.sh SOURCE TARGET        TARGET has to stay where it is: a virtual environment knows its place
set -eu
source=$1 target=$2

python3 -m venv "$target"
wheels=$(mktemp -d)
"$target/bin/pip" wheel --quiet --no-deps --wheel-dir "$wheels" "$source"
"$target/bin/pip" install --quiet "$(echo "$wheels"/courseplatform-*.whl)[s3]"
"$target/bin/pip" check
cp "$source/production.ini" "$target/"
"$target/bin/pip" uninstall --quiet --yes pip # nothing is installed later
rm -r "$wheels"
