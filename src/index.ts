/** keyfan as a library: the same data path in this process. */
export { ConfigError, type Problem } from './config/problem.ts';
export type { Config, ConfigInput } from './config/schema.ts';
export { createProxy, type Proxy, type ProxyOptions } from './proxy.ts';
export type { Locator, RingNode, Strategy, UserLocator, UserStrategy } from './routing/strategy.ts';
