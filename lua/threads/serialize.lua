--- threads.serialize: the serialisation that threads use by default, which copies all: save(value) gives a CharStorage,
-- load(storage) the value. Mutexes, conditions and queues stay the same ones.
--   local serialize = require 'threads.serialize'
--   local f = serialize.load(serialize.save(function(x) return x + 1 end))
--   print(f(2))   -- 3
local pack = require 'threads.pack'

-- fresh: what save gives is referred to by nobody else, and load keeps no storage.
return {save = function(object) return pack.save(object, false) end, load = pack.load, fresh = true}
