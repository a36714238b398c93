#!/usr/bin/env bash
# sample-env-files.sh make|remove: `make` writes the env files that do not exist, with random secrets; `remove` deletes those
# that still carry the marker in their first line, and the folders that are then empty. Neither touches a file of yours.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
umask 077

marker='# sample made by the task env-files: delete this line to keep the file when the project is torn down'
files=(
  .envs/.production/.django
  .envs/.production/.postgres
  .envs/.production/.traefik
  .envs/.staging/.django
  .envs/.staging/.traefik
)

# No character that a shell, a URL or a compose file would read in its own way.
random() {
  local length=$1 text=
  while ((${#text} < length)); do
    text+=$(head -c 512 /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9')
  done
  printf '%s' "${text:0:length}"
}

content() {
  echo "$marker"
  case $1 in
    */.django)
      echo "DJANGO_SECRET_KEY=$(random 64)"
      echo "DJANGO_ADMIN_URL=$(random 32)/"
      ;;
    */.postgres)
      echo "POSTGRES_HOST=postgres"
      echo "POSTGRES_PORT=5432"
      echo "POSTGRES_DB=app"
      echo "POSTGRES_USER=$(random 32)"
      echo "POSTGRES_PASSWORD=$(random 64)"
      ;;
    */.traefik)
      echo "TRAEFIK_DASHBOARD_USER=$(random 16)"
      echo "TRAEFIK_DASHBOARD_PASSWORD=$(random 64)"
      ;;
  esac
}

# The new file is written outside the folders that are read for secrets, so that an interruption leaves no half secret there.
make_files() {
  local file
  mkdir -p .envs
  trap 'rm -f -- "${new:-}"' EXIT
  for file in "${files[@]}"; do
    [[ ! -e $file ]] || continue
    mkdir -p -- "${file%/*}"
    new=$(mktemp .envs/.new.XXXXXX)
    content "$file" >"$new"
    mv -n -- "$new" "$file" || [[ -e $file ]]
    rm -f -- "$new"
    echo "made $file"
  done
}

remove_files() {
  local file first
  for file in "${files[@]}"; do
    [[ -f $file ]] || continue
    first=
    IFS= read -r first <"$file" || true
    if [[ $first == "$marker" ]]; then
      rm -f -- "$file"
    else
      echo "$file is kept: it is no sample" >&2
    fi
  done
  rm -f -- .envs/.new.??????
  rmdir -- .envs/.production .envs/.staging .envs 2>/dev/null || true
}

case ${1:-} in
  make) make_files ;;
  remove) remove_files ;;
  *)
    echo "usage: sample-env-files.sh make|remove" >&2
    exit 2
    ;;
esac
