# The log, what is printed, and how a run ends.
start_log() { # the command line
  {
    printf "nvidia-installer log file '%s'\n" "$log"
    printf 'creation time: %s\n' "$(date)"
    printf 'installer version: %s\n\nPATH: %s\n\nnvidia-installer command line:\n' "$version" "$PATH"
    for word in "$0" "$@"; do printf '    %s\n' "$word"; done
    echo
  } > "$log" || { echo "nvidia-installer: '$log' cannot be written: no log is kept" >&2; log=/dev/null; }
}

say() { # line
  printf '%s\n' "$1" >> "$log"
  [ "$silent" = yes ] || printf '%s\n' "$1"
}

quietly() { # command...: its output goes to the log
  printf "   executing: '%s'\n" "$*" >> "$log"
  "$@" < /dev/null >> "$log" 2>&1
}

# A text as the installer sets it: 75 columns, lines after the first one indented under it.
wrapped() { # label, text
  printf '%s\n' "$2" | fold -s -w 68 | sed "1s/^/$1: /; 2,\$s/^/       /"
}

warn() { # text
  wrapped WARNING "$1" >> "$log"
  wrapped WARNING "$1" >&2
}

refuse() { # text
  {
    wrapped ERROR "$1"
    wrapped ERROR "Installation has failed.  Please see the file '$log' for details."
  } > "${work:-/tmp}/nvidia-installer.$$"
  cat "${work:-/tmp}/nvidia-installer.$$" >> "$log"
  { echo; cat "${work:-/tmp}/nvidia-installer.$$"; echo; } >&2
  rm -f "${work:-/tmp}/nvidia-installer.$$"
  if [ -n "${work:-}" ]; then rm -rf "$work"; fi
  exit 1
}

finish() { # sentence
  say "$1"
  exit 0
}

can_ask() { [ "$questions" = yes ] && [ "$ui" != none ] && [ -t 0 ]; }

# Returns whether the answer is yes; without a terminal it is the default.
yes_or_no() { # question, default
  can_ask || { [ "$2" = yes ]; return; }
  printf '%s [yes/no, %s]: ' "$1" "$2"
  read -r answer || answer=
  case ${answer:-$2} in y|yes) return 0 ;; *) return 1 ;; esac
}
