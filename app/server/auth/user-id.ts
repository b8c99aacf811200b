/** The longest user id, in characters: it is part of Redis keys, frames and log lines. */
export const MAX_USER_ID_LENGTH = 128;

/** Control characters would break log lines. A lone surrogate has no UTF-8 form, so two user ids could become the same key. */
const unfit = /[\p{Cc}\p{Cs}]/u;

/** Whether a value can name a user: 1 to {@link MAX_USER_ID_LENGTH} characters, none of them unprintable. */
export function isUserId(value: unknown): value is string {
  return (
    typeof value === "string" && value !== "" && value.length <= MAX_USER_ID_LENGTH && !unfit.test(value)
  );
}
