--- How exact products are is the whole process's.
local t = require 'harness'
local torch = require 'torch'
local threads = require 'threads'

t.test('threads see the precision that another one has set', function()
  local pool = threads.Threads(1, function() require 'torch' end)
  local seen
  torch.setfloat32precision('bf16')
  pool:addjob(function()
    local name = torch.getfloat32precision()
    torch.setfloat32precision('highest')
    return name
  end, function(name) seen = name end)
  pool:synchronize()
  local left = torch.getfloat32precision()
  torch.setfloat32precision('high')
  pool:terminate()
  t.eq({seen, left}, {'bf16', 'highest'})
end)
