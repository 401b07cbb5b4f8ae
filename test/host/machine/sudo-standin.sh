#!/bin/sh
# stand-in
policy=@POLICY@
rootless=@ROOTLESS@
ask=yes from_stdin=no prompt='[sudo] password for %p: ' target=root validate=no
say() { printf '%s\n' "$*" >&2; }
while [ $# -gt 0 ]; do
  case $1 in
  -n | --non-interactive) ask=no ;;
  -S | --stdin) from_stdin=yes ;;
  -p | --prompt) prompt=$2; shift ;;
  --prompt=*) prompt=${1#*=} ;;
  -u | --user) target=$2; shift ;;
  --user=*) target=${1#*=} ;;
  -v | --validate) validate=yes ;;
  -k | --reset-timestamp | -K | -E | -H | --preserve-env | --set-home) ;;
  -[nSkKEHv][nSkKEHv]*) rest=${1#??}; first=${1%"$rest"}; shift; set -- x "$first" "-$rest" "$@" ;;
  --) shift; break ;;
  -*) say "sudo: invalid option -- '${1#-}'"; exit 1 ;;
  *) break ;;
  esac
  shift
done
caller=$(id -un)
[ "$rootless" = yes ] && caller=${SUDO_STANDIN_USER:-root}

refuse() { say "$caller is not in the sudoers file."; exit 1; }
authenticate() {
  if [ "$ask" = no ]; then say 'sudo: a password is required'; exit 1; fi
  if [ "$from_stdin" = no ]; then
    say 'sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper'
    say 'sudo: a password is required'
    exit 1
  fi
  tries=0
  while [ "$tries" -lt 3 ]; do
    printf '%s' "$prompt" | sed "s/%p/$caller/g; s/%u/$caller/g" >&2
    # dash reads byte by byte: what follows the line stays for the command.
    if ! IFS= read -r password; then
      say ''
      if [ "$tries" = 0 ]; then say 'sudo: no password was provided'; else say "sudo: $tries incorrect password attempt(s)"; fi
      say 'sudo: a password is required'
      exit 1
    fi
    printf '%s\n%s' "$caller" "$password" | /usr/lib/standin/check-password - && return 0
    tries=$((tries + 1))
    say 'Sorry, try again.'
  done
  say 'sudo: 3 incorrect password attempts'
  exit 1
}

if [ "$caller" != root ]; then
  case $policy in
  passwordless) ;;
  password) authenticate ;;
  refused) authenticate; refuse ;;
  esac
fi
[ "$validate" = yes ] && [ $# = 0 ] && exit 0
[ "$target" = root ] || { say "sudo: unknown user $target"; exit 1; }
secure=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
set -- env -i "PATH=$secure" HOME=/root USER=root LOGNAME=root SHELL=/bin/sh "SUDO_USER=$caller" "$@"
[ "$caller" = root ] || [ "$rootless" = yes ] && exec "$@"
exec /usr/lib/standin/as-root --reuid 0 --regid 0 --clear-groups -- "$@"
