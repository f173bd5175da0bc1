--- threads.sharedserialize: the serialisation that copies no tensors, storages and tables of tds: the thread that loads
-- has the same elements. A tensor is another view of the same storage there: to resize it, or set it, changes one only.
--   threads.Threads.serialization('threads.sharedserialize')
local pack = require 'threads.pack'

-- fresh: what save gives is referred to by nobody else, and load keeps no storage.
return {save = function(object) return pack.save(object, true) end, load = pack.load, fresh = true}
