#!/bin/sh
# Puts an image into service on this machine, in the folder of docker-compose.yml and .env, which remembers it.
#   deploy/docker/release.sh IMAGE
#   deploy/docker/release.sh --back      the image before it; the schema stays as it is
# Its containers come up beside the old ones. Once they are healthy nginx is told of them, and the old ones end, one by
# one, each with its time to answer what it has. If they don't get healthy they go, and the old ones have never stopped.
set -eu
touch .env
value() { sed -n "s/^$1=//p" .env; }
present=$(value COURSEPLATFORM_IMAGE)
is_back=false
COURSEPLATFORM_IMAGE=$1
if [ "$1" = --back ]; then
    is_back=true
    COURSEPLATFORM_IMAGE=$(value COURSEPLATFORM_IMAGE_BEFORE)
    if [ -z "$COURSEPLATFORM_IMAGE" ]; then
        echo "There is no image to go back to." >&2
        exit 1
    fi
fi
export COURSEPLATFORM_IMAGE # before what .env says

remember() {
    if [ "$COURSEPLATFORM_IMAGE" != "$present" ]; then
        grep -v '^COURSEPLATFORM_IMAGE' .env >.env.new || true
        echo "COURSEPLATFORM_IMAGE=$COURSEPLATFORM_IMAGE" >>.env.new
        echo "COURSEPLATFORM_IMAGE_BEFORE=$present" >>.env.new
        mv .env.new .env
    fi
}
reload_nginx() { docker compose exec -T nginx nginx -s reload; } # it looks up where the containers are

docker compose pull --quiet --policy missing
old=$(docker compose ps --quiet app)
if [ -z "$old" ]; then # the first time
    docker compose up --detach --wait --no-build app worker scheduler nginx
    remember
    exit
fi

# What the old containers run on goes on as it is: a migration never takes from the release before it.
$is_back || docker compose run --rm --no-deps migrate
count=$(echo "$old" | wc -w)
if ! docker compose up --detach --wait --wait-timeout 180 --no-deps --no-build --no-recreate --scale "app=$((2 * count))" app; then
    for id in $(docker compose ps --all --quiet app); do
        case $old in *"$id"*) ;; *) docker rm --force "$id" ;; esac
    done
    echo "$COURSEPLATFORM_IMAGE does not get healthy; ${present:-the old one} goes on." >&2
    exit 1
fi
remember
reload_nginx
for id in $old; do # not all at once: nginx asks one other when it finds one gone
    docker stop "$id"
    docker rm "$id"
    reload_nginx
done
docker compose up --detach --wait --no-deps --no-build worker scheduler
docker compose up --detach --wait --no-deps --no-build nginx # a new one only if its image or settings are others
