/** Characters of a user id, at most: it is part of Redis keys, of frames and of log lines. */
export const MAX_USER_ID_LENGTH = 128;

/**
 * Control characters would break log lines; a lone surrogate has no UTF-8 form, so that two users could become one key.
 */
const unfit = /[\p{Cc}\p{Cs}]/u;

/** Whether a value can name a user: 1 to {@link MAX_USER_ID_LENGTH} characters, none of them unprintable. */
export function isUserId(value: unknown): value is string {
  return (
    typeof value === "string" && value !== "" && value.length <= MAX_USER_ID_LENGTH && !unfit.test(value)
  );
}
