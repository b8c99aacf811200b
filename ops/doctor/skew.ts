/**
 * How unevenly sockets are spread over pods: those of the fullest pod ÷ the mean. 1 is even; with n pods, n means that one pod
 * has all. Undefined for fewer than two pods, and without sockets.
 */
export function skewOf(sockets: readonly number[]): number | undefined {
  const sum = sockets.reduce((total, count) => total + count, 0);
  return sockets.length < 2 || sum === 0 ? undefined : (Math.max(...sockets) * sockets.length) / sum;
}
