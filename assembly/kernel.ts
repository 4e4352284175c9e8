/**
 * The loops over bytes of requests and replies with many elements, for WebAssembly: four to ten times as fast as the same in
 * JavaScript. AssemblyScript; `npm run kernel` compiles it into src/kernel/generated. Offsets are places in the kernel's memory, whose
 * layout and limits are the callers' (src/kernel); nothing here reads outside of what it is given by more than seven bytes.
 */
export { copy, gather, merge, split } from './pieces';
export { scanArgs, scanBulks, scanRequests } from './scan';
