--- What reading and writing of objects share: the tags of the .t7 format, how deep values may lie within values, and
-- the state of a file while an object is on its way.
-- A value is its tag (an int) and its content. Tables, objects and functions have a number; one met again is only its
-- number. Torch7's format, in all its versions:
--   0 nil
--   1 number: a double
--   2 string: its length (an int), its bytes
--   3 table: number, count of entries (an int), keys and values as values
--   4 object: number, 'V 1' and the class's name as strings (files of the first years: the name alone), the content
--     that the class writes: for most the table of its fields; see torch.tensorfile for tensors and storages
--   5 boolean: an int
--   6, 7, 8 function: see torch.filefunctions
--   9 reference to what lies outside of the file: number, a value that tells what; see File:_references
local errors = require 'torch.errors'

local objects = {
  NIL = 0, NUMBER = 1, STRING = 2, TABLE = 3, TORCH = 4, BOOLEAN = 5,
  FUNCTION = 6, LEGACY_FUNCTION = 7, RECURSIVE_FUNCTION = 8, REFERENCE = 9,
}

-- Lua's stack has room for more levels of this code than this, with some for that of classes.
local deepest = 2000

--- Counts a level of values within values; verb: 'load' or 'save'.
function objects.enter(file, verb)
  file._depth = file._depth + 1
  if file._depth > deepest then errors.fail('%s: the object is nested deeper than %d levels', verb, deepest) end
end

function objects.leave(file)
  file._depth = file._depth - 1
end

--- Runs f(file, ...), which reads or writes one value; the methods of classes may come here again from within.
-- Errors are not left to a quiet file's flag.
function objects.run(file, f, ...)
  if file._depth then return f(file, ...) end
  local quiet = file._quiet
  file._depth, file._quiet = 0, false
  local ok, result = pcall(f, file, ...)
  file._depth, file._quiet = nil, quiet
  if not ok then error(result, 0) end
  return result
end

return objects
