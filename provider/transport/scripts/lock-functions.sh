# The machine's two locks, in a folder where only root writes: run.lock is held by a run for as long as it has work for
# this machine, change.lock by each script that changes something, and by what it starts. Beside each: who holds it.
# Descriptors: 9 run.lock, 8 change.lock, 7 the lock of a job, 6 the lock of an older version.
lock_folder=/run/pulumi-vgpu
lock_ready() { # makes the folder, or says why it is not to be trusted
  mkdir -m 0700 "$lock_folder" 2> /dev/null
  if [ -L "$lock_folder" ] || [ ! -d "$lock_folder" ] || [ ! -O "$lock_folder" ]; then
    echo "$lock_folder is not a folder of root's" >&2
    return 1
  fi
  chmod 0700 "$lock_folder" || return 1
  for lock_file in "$lock_folder/run.lock" "$lock_folder/change.lock"; do
    [ -e "$lock_file" ] || [ -L "$lock_file" ] || continue
    if [ -L "$lock_file" ] || [ ! -f "$lock_file" ]; then echo "$lock_file is no plain file" >&2; return 1; fi
  done
}
lock_sign() { # run or change, pid, token, what it does, who
  IFS=' .' read -r lock_now lock_rest < /proc/uptime
  printf '%s\t%s\t%s\t%s\t%s\n' "$2" "$lock_now" "$3" "$4" "$5" > "$lock_folder/$1.holder.new" &&
    mv -f "$lock_folder/$1.holder.new" "$lock_folder/$1.holder"
}
lock_read() { # run or change; leaves what its last holder signed
  lock_pid= lock_since= lock_token= lock_what= lock_who=
  { IFS='	' read -r lock_pid lock_since lock_token lock_what lock_who < "$lock_folder/$1.holder"; } 2> /dev/null
  case $lock_pid:$lock_since in :* | *: | *[!0-9:]*) return 1 ;; esac
  IFS=' .' read -r lock_now lock_rest < /proc/uptime
  lock_age=$((lock_now - lock_since))
}
lock_open_in() { # pid, lock file
  for lock_fd in "/proc/$1"/fd/*; do
    if [ "$lock_fd" -ef "$2" ]; then return 0; fi
  done
  return 1
}
lock_run_is() { # token: whether the run that has it holds run.lock still
  lock_read run && [ "$lock_token" = "$1" ] || return 1
  if (flock -n 9) 9>> "$lock_folder/run.lock"; then return 1; fi
}
