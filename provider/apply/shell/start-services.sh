# Starts services that should run.
systemctl daemon-reload >&2
may_start "$@"
systemctl start "$@" >&2 || :
systemctl is-active --quiet nvidia-vgpu-mgr.service
