/** What Pulumi's engine sends in place of a value that is not known before its resource is made. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
