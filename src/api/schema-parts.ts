// Small parts that several files of shapes are made of.

import { type TSchema, Type } from 'typebox';

export const orNull = <T extends TSchema>(schema: T, description?: string) =>
  Type.Union([schema, Type.Null()], description === undefined ? {} : { description });
