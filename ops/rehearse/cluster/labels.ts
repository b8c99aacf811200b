/** The label by which everything is found that a rehearsal creates; its value is the rehearsal's id. */
export const rehearsalLabel = "holdfast.dev/rehearsal";
