#!/bin/sh
# Makes the secrets that docker-compose.yml mounts, each once: what is there stays.
#   deploy/docker/make-secrets.sh [FOLDER]
# The files can be read by all, since containers run as users of their own; nobody but the owner gets into the folder.
set -eu
folder=${1:-secrets}
mkdir -p "$folder"
chmod 700 "$folder"

make() {
    if [ ! -e "$folder/$1" ]; then
        printf '%s\n' "$2" >"$folder/$1.new"
        chmod 444 "$folder/$1.new"
        mv "$folder/$1.new" "$folder/$1"
    fi
}
random() { head -c 32 /dev/urandom | od -An -v -t x1 | tr -d ' \n'; }

make token_secret "$(random)"
make postgres_password "$(random)"
make database_url "postgresql://courseplatform:$(cat "$folder/postgres_password")@postgres/courseplatform"
make redis_password "$(random)"
make redis_url "redis://:$(cat "$folder/redis_password")@redis/0"
make metrics_token "$(random)"
make grafana_password "$(random)"
make alertmanager_smtp_password "$(random)" # yours goes here, see deploy/prometheus/alertmanager.yml
for name in elastic_password logstash_password kibana_password kibana_key; do # the profile logs
    make "$name" "$(random)"
done
make s3_access_key_id courseplatform
make s3_secret_access_key "$(random)"
