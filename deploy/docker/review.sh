#!/bin/sh
# A platform to look at, one for each merge request: mails are kept in a folder, everybody may do all without verifying.
#   deploy/docker/review.sh up NUMBER HOST IMAGE     prints REVIEW_ADDRESS=…; the administrator's password is in secrets/
#   deploy/docker/review.sh down NUMBER              with all that it holds
set -eu
number=$2

case $1 in
up)
    host=$3 image=$4 port=$((20000 + number % 10000))
    deploy/docker/make-secrets.sh secrets
    if [ ! -e secrets/fullchain.pem ]; then
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj "/CN=$host" \
            -keyout secrets/privkey.pem -out secrets/fullchain.pem 2>/dev/null
        chmod 444 secrets/*.pem
        head -c 12 /dev/urandom | od -An -v -t x1 | tr -d ' \n' >secrets/admin_password
        cat >.env <<END
COMPOSE_PROJECT_NAME=review-$number
COMPOSE_FILE=docker-compose.yml:deploy/docker/review.yml
COURSEPLATFORM_HTTP_BASE_URL=https://$host:$port
COURSEPLATFORM_HTTPS_PORT=$port
COURSEPLATFORM_NETWORK=10.77.$((number % 256))
COURSEPLATFORM_MAIL_HOST=none
COURSEPLATFORM_MAIL_SENDER=none
END
        deploy/docker/release.sh "$image" >&2
        password=$(cat secrets/admin_password)
        printf '%s\n%s\n' "$password" "$password" | docker compose exec -T app courseplatform create-admin production.ini \
            --username admin --email admin@example.org >&2
    else
        deploy/docker/release.sh "$image" >&2
    fi
    echo "REVIEW_ADDRESS=$host:$port"
    ;;
down)
    docker compose down --volumes --remove-orphans --timeout 5
    cd ..
    rm -r "$number"
    ;;
*) exit 2 ;;
esac
