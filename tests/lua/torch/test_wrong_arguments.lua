--- Every function of torch and every method of its types with wrong arguments, the same in every run: each with
-- nothing, with each of a list of values alone and, by chance, with several.
-- MT_CALLS: how many of the latter for each function (6); MT_SEED: which (1).
local t = require 'harness'

t.test('wrong arguments', function() require('wrongcalls').test('wrong_arguments.lua', 70000) end)
