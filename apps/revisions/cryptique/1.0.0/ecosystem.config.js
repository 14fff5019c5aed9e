'use strict';

// The paths go through the link `current`, so that every start, also one after a crash, takes the release that is in place.
const current = `${process.env.HOST_ROOT || ''}/opt/cryptique/current`;
const logs = `${process.env.HOST_ROOT || ''}/var/log/cryptique`;

function app(name, script, more) {
  return {
    name,
    script,
    cwd: current,
    vizion: false,
    merge_logs: true,
    out_file: `${logs}/${name}.out.log`,
    error_file: `${logs}/${name}.error.log`,
    kill_timeout: 5000,
    exp_backoff_restart_delay: 100,
    env_production: { NODE_ENV: 'production' },
    ...more,
  };
}

module.exports = {
  apps: [
    // In cluster mode a reload starts the new process before it ends the old one; `ready` is sent once it listens.
    app('cryptique-backend', 'server.js', { exec_mode: 'cluster', instances: 1, wait_ready: true, listen_timeout: 15000 }),
    app('cryptique-rag-worker', 'worker.js', { exec_mode: 'fork' }),
  ],
};
