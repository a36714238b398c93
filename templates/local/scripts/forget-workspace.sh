#!/usr/bin/env bash
# forget-workspace.sh NAME [DIR]: removes what terraform leaves of a destroyed workspace, which is its empty state, the backup
# of that state (it still holds the secrets) and the folder .terraform. A workspace that still has resources is left alone.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

name=$1
dir=${2:-$name}
state=.local/state/$name.tfstate

if [[ -e $state ]] && ! grep -q '"resources": \[\]' "$state"; then
  echo "$name still has resources: $state is kept" >&2
  exit 0
fi

rm -f -- "$state" "$state.backup"
rm -rf -- "terraform/deploy/$dir/.terraform"

# The first one made is the last to go. What it doesn't know it leaves, and says so.
if [[ $name == meta && -d .local ]]; then
  { rmdir -- .local/state && rmdir -- .local; } 2>/dev/null || {
    echo ".local is kept, it still has:" >&2
    find .local -mindepth 1 -maxdepth 2 >&2
  }
fi
