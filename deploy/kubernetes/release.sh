#!/bin/sh
# Puts an overlay into service: first what everything needs, then its migrations, then its code, pod by pod.
#   deploy/kubernetes/release.sh [OVERLAY]
set -eu
overlay=${1:-$(dirname "$0")/overlays/production}
code='app.kubernetes.io/component in (app, worker, scheduler, gateway)'
all_else='app.kubernetes.io/component notin (app, worker, scheduler, gateway)'
ours='kubectl --namespace courseplatform'

$ours delete job migrate --ignore-not-found # that of the last release: a Job can't be changed
kubectl apply --kustomize "$overlay" --selector "$all_else"
until ended=$($ours get job migrate --output 'jsonpath={.status.conditions[?(@.status=="True")].type}') &&
    echo "$ended" | grep -qwE 'Complete|Failed'; do
    sleep 2
done
if ! echo "$ended" | grep -qw Complete; then
    $ours logs job/migrate --tail 50 || true
    echo "The migrations failed: the code that is there goes on serving." >&2
    exit 1
fi
kubectl apply --kustomize "$overlay" --selector "$code"
for name in app worker scheduler gateway; do
    $ours rollout status "deployment/$name" --timeout 15m
done
