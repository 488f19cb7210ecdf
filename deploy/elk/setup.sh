#!/bin/sh
# Tells Elasticsearch or Kibana what it has to know, each time that they start; what is there already is replaced.
#   setup.sh elasticsearch     the users of Logstash and Kibana, how long logs are kept, which fields there are
#   setup.sh kibana            the saved views
# docker-compose.yml runs it. ELASTICSEARCH, KIBANA: addresses; SECRETS: the folder with the passwords.
set -eu
elasticsearch=${ELASTICSEARCH:-http://elasticsearch:9200}
kibana=${KIBANA:-http://kibana:5601}
secrets=${SECRETS:-/run/secrets}
here=$(cd "$(dirname "$0")" && pwd)

# The passwords go through files and pipes, not through arguments, which the machine's other users see.
umask 077
config=$(mktemp)
trap 'rm -f "$config"' EXIT
printf 'user = "elastic:%s"\nfail-with-body\nsilent\nshow-error\nmax-time = 60\n' \
    "$(cat "$secrets/elastic_password")" >"$config"

put() { # METHOD PATH: the body comes by standard input
    echo "$1 $2"
    curl --config "$config" --request "$1" --header "Content-Type: application/json" --data-binary @- \
        "$elasticsearch$2"
    echo
}

case ${1:-} in
elasticsearch)
    for name in logs audit; do
        put PUT "/_ilm/policy/courseplatform-$name" <"$here/ilm-$name.json"
    done
    put PUT /_component_template/courseplatform-fields <"$here/component-template.json"
    for name in logs audit; do
        put PUT "/_index_template/courseplatform-$name" <"$here/index-template-$name.json"
    done
    put PUT /_security/role/courseplatform_logs <"$here/role.json"
    printf '{"password": "%s", "roles": ["courseplatform_logs"]}' "$(cat "$secrets/logstash_password")" |
        put PUT /_security/user/courseplatform_logs
    printf '{"password": "%s"}' "$(cat "$secrets/kibana_password")" |
        put POST /_security/user/kibana_system/_password
    ;;
kibana)
    echo "POST /api/saved_objects/_import"
    # It answers 200 to what it could not import, too.
    curl --config "$config" --header "kbn-xsrf: setup" --form "file=@$here/kibana.ndjson" \
        "$kibana/api/saved_objects/_import?overwrite=true" | grep '"success":true'
    ;;
*)
    echo "usage: setup.sh elasticsearch|kibana" >&2
    exit 2
    ;;
esac
