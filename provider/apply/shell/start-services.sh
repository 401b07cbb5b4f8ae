# Starts services that should run.
systemctl daemon-reload >&2
systemctl start "$@" >&2 || :
systemctl is-active --quiet nvidia-vgpu-mgr.service
