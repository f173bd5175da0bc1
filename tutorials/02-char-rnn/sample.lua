--- Writes text with a net that train.lua has saved.
--   th tutorials/02-char-rnn/sample.lua --load char-rnn.t7 --start 'ROMEO:' --length 500
local here = arg[0]:match('^(.*/)') or './'
package.path = here .. '?.lua;' .. package.path

local torch = require 'torch'
require 'nngraph'
local writer = require 'writer'

local cmd = torch.CmdLine()
cmd:text('Writes text with a net that train.lua has saved.')
cmd:option('--load', 'char-rnn.t7', 'the saved net')
cmd:option('--length', 500, 'how many characters to write')
cmd:option('--temperature', 0.7, 'below 1: surer of itself; 0: always the likeliest character')
cmd:option('--start', '', 'a text for the net to read first')
cmd:option('--seed', 1, 'seed of the random numbers')
local opt = cmd:parse(arg)

torch.setdefaulttensortype('torch.FloatTensor')
torch.manualSeed(opt.seed)
print(writer.write(torch.load(opt.load), opt))
