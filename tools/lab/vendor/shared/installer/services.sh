# Units of systemd: enabled by the installation, started by the next boot or by hand.
put_services() {
  [ -n "$units" ] && command -v systemctl > /dev/null 2>&1 || return 0
  # shellcheck disable=SC2086 # words
  quietly systemctl enable $units || refuse "The services could not be enabled; see the log."
}

# What the hook of an installed driver does before another is installed over it; nothing starts them again.
stop_installed_driver() {
  [ -s "$manifest" ] && [ -n "$units" ] && command -v systemctl > /dev/null 2>&1 || return 0
  # shellcheck disable=SC2086 # words
  quietly systemctl stop $units
  return 0
}

take_services_away() {
  [ -n "$units" ] && command -v systemctl > /dev/null 2>&1 || return 0
  # shellcheck disable=SC2086 # words
  quietly systemctl disable --now $units
  return 0
}
