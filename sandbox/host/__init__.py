"""The machines that `cryptique` runs on, one for each stack: nginx, pm2 and MongoDB, and CodeDeploy's agent."""
