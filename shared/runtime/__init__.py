"""Start the processes of a service: web, bus and worker."""
