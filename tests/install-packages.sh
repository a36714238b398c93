#!/usr/bin/env bash
# Puts on a Debian machine what the tests drive, and starts nothing. A docker engine is not among it: whether one runs is for whoever owns
# the machine.
set -euo pipefail

needed=()
wanted=()
# Administrators' programs are not in everybody's PATH.
is_here() { command -v "$1" >/dev/null || [[ -x /usr/sbin/$1 ]]; }
is_here git || needed+=(git)
is_here ssh-keygen || needed+=(openssh-client)
is_here sshd || wanted+=(openssh-server)
is_here curl || wanted+=(curl)
is_here caddy || wanted+=(caddy)
is_here busybox || wanted+=(busybox-static)
is_here docker-compose || wanted+=(docker-compose)
is_here gh || wanted+=(gh)
is_here zsh || wanted+=(zsh)
is_here fish || wanted+=(fish)
{ python3 -c 'import nacl' || /usr/bin/python3 -c 'import nacl'; } 2>/dev/null || wanted+=(python3-nacl)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || is_here postgres || wanted+=(postgresql)
# Python programs are no packages of Debian's; they get a place of their own.
moto_place=/opt/shipway-tests/moto
is_here moto_server || wanted+=(python3-venv)
((${#needed[@]} + ${#wanted[@]})) || exit 0

if ! command -v apt-get >/dev/null || [[ $(id -u) != 0 ]]; then
  if ((${#needed[@]})); then
    echo "$0: install these first: ${needed[*]}" >&2
    exit 1
  fi
  echo "$0: tests that need these will say so: ${wanted[*]}" >&2
  exit 0
fi

# Debian asks this script before it starts a service that it has installed.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${needed[@]}" "${wanted[@]}"
if ! is_here moto_server; then
  python3 -m venv "$moto_place"
  "$moto_place/bin/pip" install --quiet 'moto[server]>=5,<6'
  ln -sf "$moto_place/bin/moto_server" /usr/local/bin/moto_server
fi
