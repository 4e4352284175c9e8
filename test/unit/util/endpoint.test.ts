import t from 'tap';
import { formatEndpoint } from '../../../src/util/endpoint.ts';

t.test('endpoints as they are written in a configuration', async (t) => {
  t.equal(formatEndpoint({ host: '127.0.0.1', port: 6379 }), '127.0.0.1:6379');
  t.equal(formatEndpoint({ host: 'redis.example', port: 1 }), 'redis.example:1');
  t.equal(formatEndpoint({ host: '::1', port: 6379 }), '[::1]:6379');
  t.equal(formatEndpoint({ path: '/run/redis.sock' }), 'unix:/run/redis.sock');
});
