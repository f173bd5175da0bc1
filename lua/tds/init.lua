--- tds: hashes, lists and counters outside of Lua's heap, as Torch7's package of this name has them: as large as memory
-- is, no work for the collector, shared between threads.
require('torch.errors').package()

local tds = {Hash = require 'tds.hash', Vec = require 'tds.vec', AtomicCounter = require 'tds.atomic'}
tds.hash, tds.vec, tds.atomic_counter = tds.Hash, tds.Vec, tds.AtomicCounter

return tds
