#!/usr/bin/env bash
# site.sh check|publish: `check` refuses a page that does not say where it comes from; `publish` puts the page, with version and
# environment in it, where people see it. A deployment runs both: the first before anything changes, the second when the release is live.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

page=site/index.html

check() {
  local mark
  for mark in @version@ @environment@; do
    grep -q "$mark" "$page" || {
      echo "$page has no $mark" >&2
      exit 1
    }
  done
}

# The new page is moved over the old one: nobody ever sees half of it.
publish() {
  local home=${SHIPWAY_HOME:?a deployment says where to: shipway deploy v1 -e stage} text
  text=$(<"$page")
  text=${text//@version@/"${SHIPWAY_TAG:-$SHIPWAY_COMMIT}"}
  text=${text//@environment@/"$SHIPWAY_ENVIRONMENT"}
  mkdir -p -- "$home/site"
  printf '%s\n' "$text" >"$home/site/index.html.new"
  mv -f -- "$home/site/index.html.new" "$home/site/index.html"
}

case ${1:-} in
  check) check ;;
  publish) publish ;;
  *)
    echo "usage: site.sh check|publish" >&2
    exit 2
    ;;
esac
