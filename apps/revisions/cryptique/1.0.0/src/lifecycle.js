'use strict';

// Calls `close` once when pm2 asks for the end (SIGINT), the system does (SIGTERM), or pm2 itself is gone.
function untilTold(close) {
  let told = false;
  const end = () => {
    if (told) return;
    told = true;
    close().then(
      () => process.exit(0),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  process.on('disconnect', end);
}

module.exports = { untilTold };
