import type { AssignmentStore } from "@halyard/core";
import { type FieldRule, isFunction, isObject, isText } from "../check-fields.ts";

export const ASSIGNMENTS: FieldRule = {
  expected: "a store of assignments, such as new MemoryAssignments()",
  accepts: (value) => {
    if (!isObject(value)) return false;
    const { name, load, assign, close } = value as Partial<AssignmentStore>;
    const isClosable = close === undefined || isFunction(close);
    return isText(name) && isFunction(load) && isFunction(assign) && isClosable;
  },
};
