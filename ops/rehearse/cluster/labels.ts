/** The label of everything that a rehearsal creates; its value is the rehearsal's id. */
export const rehearsalLabel = "holdfast.dev/rehearsal";
