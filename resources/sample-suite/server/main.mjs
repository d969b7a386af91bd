/** Starts the shop on loopback: node server/main.mjs <port>. SHOP_FAIL=1 starts it with bugs for the suite to find. */
import { createServer } from 'node:http';
import { createShop } from './shop.mjs';

const port = Number(process.argv[2] ?? 4173);
if (!Number.isInteger(port) || port < 1 || port > 65_535) {
  console.error(`The port must be a whole number from 1 to 65535, not "${process.argv[2]}".`);
  process.exit(2);
}

const server = createServer(createShop({ regressions: process.env.SHOP_FAIL === '1', build: '2026.5' }));
server.on('error', (error) => {
  console.error(error.code === 'EADDRINUSE' ? `Port ${port} is taken; name another one.` : error.message);
  process.exit(1);
});
server.listen(port, '127.0.0.1', () => console.log(`Fern & Fig is open at http://127.0.0.1:${port}`));
