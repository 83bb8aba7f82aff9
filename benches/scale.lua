-- What wrk asks: the lines of a file for each of its connections, of which a thread has one.
-- wrk -s scale.lua … -- FOLDER TRAFFIC RESULT

local threads = {}

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

function init(args)
  folder, traffic, result = args[1], args[2], args[3]
  requests, statuses, next_line, unexpected, is_short = {}, {}, 0, 0, false
  if traffic == "healthz" then
    requests[1], statuses[1] = wrk.format("GET", "/healthz"), 200
    return
  end
  for line in io.lines(folder .. "/" .. traffic .. "." .. id) do
    local status, path, content_type, body = line:match("^(%d+)\t([^\t]+)\t([^\t]+)\t(.*)$")
    local headers = { ["Content-Type"] = content_type }
    requests[#requests + 1] = wrk.format("POST", path, headers, body)
    statuses[#statuses + 1] = tonumber(status)
  end
end

function request()
  if next_line == #requests then
    -- A refusal changes nothing, and may be asked for again.
    is_short = traffic ~= "refused" and traffic ~= "healthz"
    next_line = 0
  end
  next_line = next_line + 1
  return requests[next_line]
end

-- A request is sent when the one before is answered.
function response(status)
  if status ~= statuses[next_line] then
    unexpected = unexpected + 1
    first_unexpected = first_unexpected or (status .. " for " .. statuses[next_line])
  end
end

-- One line: what, requests, requests per second, three latencies in microseconds.
function done(summary, latency)
  local traffic, result
  for _, thread in ipairs(threads) do
    traffic, result = thread:get("traffic"), thread:get("result")
    if thread:get("is_short") then
      io.stderr:write(traffic .. ": prepare more users\n")
      os.exit(1)
    end
    if thread:get("unexpected") > 0 then
      io.stderr:write(traffic .. ": answered " .. thread:get("first_unexpected") .. "\n")
      os.exit(1)
    end
  end
  local errors = summary.errors
  if errors.connect + errors.read + errors.write + errors.timeout > 0 then
    io.stderr:write(traffic .. ": connections failed\n")
    os.exit(1)
  end
  local file = assert(io.open(result, "w"))
  file:write(string.format("%s\t%d\t%.0f\t%d\t%d\t%d", traffic, summary.requests,
    summary.requests / summary.duration * 1e6, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9)))
  file:close()
end
