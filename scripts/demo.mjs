// `npm run demo`: sets up what is missing, then runs `keyfan demo`. One process, so that a signal reaches the demo itself.
await import('./setup.mjs');
process.argv.splice(2, 0, 'demo');
await import('../dist/src/main.js');
