// `npm start` runs its command in a shell. A signal sent to npm alone ends that shell but not the
// server in it; so a server that lost its parent asks itself to stop, as the signal would have.
const parent = process.ppid;
const timer = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(timer);
  process.kill(process.pid, "SIGTERM");
}, 250);
timer.unref();
