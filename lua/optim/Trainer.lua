--- optim.Trainer(settings): trains a net, shows how it goes, and goes on after an interruption as if there had been
-- none. settings:
--   model, criterion       what is trained; criterion:forward(output, target) gives the loss
--   data                   a data source: optim.Batches, optim.prefetch, or any object like them (see optim.Batches)
--   validation             a data source, gone through after each epoch in evaluate mode
--   method (optim.sgd), config ({})       the optimiser and its settings
--   schedule               optim.schedule(…): the learning rate of each step; plateau hears of each validation
--   clip                   the greatest norm of the gradient
--   metrics                {name = function(output, target) → number}: averaged over a validation
--   epochs (10)            how often to go through the data
--   patience               stop after so many validations without a better one (by loss, or by the metric `best_by`,
--                          of which more is better)
--   folder                 where checkpoints go, with log.csv and TensorBoard's event files
--   every                  steps between checkpoints (default: one after each epoch); keep (3): checkpoints that stay
--   progress (true), curves (false)       the line that fills; curves after each epoch
--   on                     {start =, step =, epoch =, stop = function(trainer)}: called as it goes; trainer has step,
--                          epoch, loss, output, target, input, report (of the last epoch); step may call trainer:halt()
-- A checkpoint holds the model, the optimiser's state, the schedule, the random state and the place in the data, so a
-- resumed run has the same losses to the last bit. Hooks and metrics are code and come from the script again.
--   local trainer = optim.Trainer{model = net, criterion = nn.ClassNLLCriterion(), folder = 'run', epochs = 5,
--                                 data = optim.Batches{input = x, target = y, size = 100, shuffle = true}}
--   trainer:run()           -- resumes when there is a checkpoint in the folder
local torch = require 'torch'
local errors = require 'torch.errors'
local checkpoints = require 'optim.trainer.checkpoints'
local records = require 'optim.trainer.records'
local show = require 'optim.trainer.progress'
local clip_norm = require('optim.groups').clipGradNorm

local Trainer = torch.class('optim.Trainer')

local defaults = {epochs = 10, keep = 3, progress = true, curves = false}
local known = {model = 'table', criterion = 'table', data = 'table', validation = 'table', method = 'function',
               config = 'table', schedule = 'table', clip = 'number', metrics = 'table', epochs = 'number',
               patience = 'number', best_by = 'string', folder = 'string', every = 'number', keep = 'number',
               progress = 'boolean', curves = 'boolean', on = 'table'}

function Trainer:__init(settings)
  for name, value in pairs(settings or {}) do
    if not known[name] then errors.fail('Trainer: there is no setting %s', tostring(name)) end
    if type(value) ~= known[name] then
      errors.fail('Trainer: expected %s to be a %s, got a %s', name, known[name], type(value))
    end
    self[name] = value
  end
  for _, name in ipairs {'model', 'criterion', 'data'} do
    if not self[name] then errors.fail('Trainer: expected a %s', name) end
  end
  for name, value in pairs(defaults) do if self[name] == nil then self[name] = value end end
  self.method, self.config = self.method or require('optim.sgd'), self.config or {}
  self.metrics, self.on = self.metrics or {}, self.on or {}
  self.state, self.step, self.epoch, self.position = {}, 0, 1, 0
  self.losses, self.history, self.waited = {}, {}, 0
end

local function call(self, name)
  if self.on[name] then self.on[name](self) end
end

-- -- Checkpoints ------------------------------------------------------------------------------------------------

local kept = {'state', 'config', 'schedule', 'step', 'epoch', 'position', 'losses', 'history', 'waited', 'best', 'sum',
              'model'}   -- what a checkpoint holds beside the random state and the data's

--- Saves a checkpoint now.
function Trainer:checkpoint()
  local state = {format = 'optim.Trainer', random = torch.getRNGState(), data = self.data.state and self.data:state()}
  for _, name in ipairs(kept) do state[name] = self[name] end
  checkpoints.save(self.folder, self.step, state, self.keep)
end

--- Goes back to the newest checkpoint in the folder. Gives whether there was one.
function Trainer:resume()
  local state = self.folder and checkpoints.newest(self.folder)
  if not state then return false end
  for _, name in ipairs(kept) do self[name] = state[name] end
  torch.setRNGState(state.random)
  if self.position > 0 then
    if state.data and self.data.restore then self.data:restore(state.data) else self.data:start() end
  end
  self.resumed = true
  return true
end

-- -- Steps ------------------------------------------------------------------------------------------------------

-- Prepares the functions that a run needs, once.
local function prepare(self)
  self.parameters, self.gradients = self.model:getParameters()
  local model, criterion = self.model, self.criterion
  self.evaluate_loss = function()
    self.gradients:zero()
    local output = model:forward(self.input)
    local loss = criterion:forward(output, self.target)
    model:backward(self.input, criterion:backward(output, self.target))
    if self.clip then clip_norm(self.gradients, self.clip) end
    self.output = output
    return loss, self.gradients
  end
end

local function take_step(self, i)
  self.input, self.target = self.data:get(i)
  if self.schedule then self.config.learningRate = self.schedule(self.step) end
  local _, values = self.method(self.evaluate_loss, self.parameters, self.config, self.state)
  self.loss = values[1]
  self.step, self.position, self.sum = self.step + 1, i, (self.sum or 0) + self.loss
  call(self, 'step')
  if self.every and self.folder and self.step % self.every == 0 then self:checkpoint() end
end

local function show_step(self, i, total, timer)
  if not self.progress or (i % 10 ~= 0 and i ~= total) then return end
  local rate = (i - self.shown_from) / timer:time().real
  show.progress(i, total, ('epoch %d/%d  loss %.4f  %.1f steps/s'):format(self.epoch, self.epochs, self.sum / i, rate),
                (total - i) / rate)
end

local function train_epoch(self)
  local total, timer = self.data:size(), torch.Timer()
  if self.position == 0 then
    self.data:start()
    self.sum = 0
  end
  self.model:training()
  self.shown_from = self.position
  for i = self.position + 1, total do
    take_step(self, i)
    show_step(self, i, total, timer)
    if self.halted then return end
  end
end

-- -- Validation -------------------------------------------------------------------------------------------------

--- Goes through a data source in evaluate mode: {loss =, and each metric}, means over its batches.
function Trainer:validate(source)
  local total, sums = source:size(), {loss = 0}
  self.model:evaluate()
  source:start()
  for i = 1, total do
    local input, target = source:get(i)
    local output = self.model:forward(input)
    sums.loss = sums.loss + self.criterion:forward(output, target)
    for name, metric in pairs(self.metrics) do sums[name] = (sums[name] or 0) + metric(output, target) end
  end
  for name in pairs(sums) do sums[name] = sums[name] / total end
  return sums
end

-- Whether this validation was the best so far; counts those that were not.
local function judge(self, result)
  local value = self.best_by and -(result[self.best_by] or errors.fail('Trainer: there is no metric %s', self.best_by))
                or result.loss
  if not self.best or value < self.best then
    self.best, self.waited = value, 0
    return true
  end
  self.waited = self.waited + 1
  return false
end

-- -- Reports ----------------------------------------------------------------------------------------------------

local function metric_names(self)
  local names = {}
  for name in pairs(self.metrics) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function open_logs(self)
  if not self.folder then return end
  local names = {'epoch', 'step', 'rate', 'loss', 'validation'}
  for _, name in ipairs(metric_names(self)) do names[#names + 1] = name end
  require('paths').mkdir(self.folder)
  self.log = records.open(self.folder .. '/log.csv', names, self.step)
  self.events = optim.Events(self.folder)
end

local function report(self)
  local r = {epoch = self.epoch, step = self.step, rate = self.config.learningRate, loss = self.sum / self.data:size()}
  if self.validation then
    local result = self:validate(self.validation)
    r.validation = result.loss
    for name, value in pairs(result) do if name ~= 'loss' then r[name] = value end end
    r.improved = judge(self, result)
    if self.schedule and self.schedule.kind == 'plateau' then self.schedule:report(result.loss) end
  end
  self.report, self.history[self.epoch] = r, r
  if self.log then
    self.log:add(r)
    for name, value in pairs(r) do
      if type(value) == 'number' and name ~= 'step' then self.events:add(name, value, self.step) end
    end
  end
end

local function show_report(self)
  if self.progress and self.validation then
    local text = {('      validation loss %.4f'):format(self.report.validation)}
    for _, name in ipairs(metric_names(self)) do text[#text + 1] = ('%s %.4f'):format(name, self.report[name]) end
    print(table.concat(text, '  '))
  end
  if not self.curves or #self.history < 2 then return end
  local loss, validation = {name = 'loss', values = {}}, {name = 'validation', values = {}}
  for i, r in ipairs(self.history) do loss.values[i], validation.values[i] = r.loss, r.validation end
  print(show.chart(self.validation and {loss, validation} or {loss}))
end

-- -- The run ----------------------------------------------------------------------------------------------------

--- Ends the run after this step.
function Trainer:halt() self.halted = true end

local function finish_epoch(self)
  report(self)
  show_report(self)
  call(self, 'epoch')
  self.epoch, self.position = self.epoch + 1, 0
  if self.folder then self:checkpoint() end
end

local function is_done(self)
  return self.halted or self.epoch > self.epochs or (self.patience and self.waited >= self.patience)
end

--- Trains up to the last epoch; first goes back to the newest checkpoint in the folder, when there is one.
-- Gives the trainer, whose history holds a report for each epoch.
function Trainer:run()
  if not self.resumed then self:resume() end
  prepare(self)
  open_logs(self)
  self.halted = false
  call(self, 'start')
  while not is_done(self) do
    train_epoch(self)
    if not self.halted then finish_epoch(self) end
  end
  call(self, 'stop')
  if self.log then
    self.log:close()
    self.events:close()
  end
  self.resumed = false
  return self
end

return Trainer
