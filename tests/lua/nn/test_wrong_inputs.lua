--- Every module and criterion of nn with wrong inputs, gradients and targets: nothing but a result or an error at the
-- user's line, which names the module where that is in a net.
local t = require 'harness'

t.test('wrong inputs', function() require('wrongcalls').test('wrong_inputs.lua', 40000) end)
