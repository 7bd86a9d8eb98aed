-- Health of a Procedure for Argo CD: resource.customizations.health.oet.skao.int_Procedure in the ConfigMap argocd-cm.
-- What is over keeps its verdict whatever is applied later; READY waits for somebody to start it.
local status = obj.status or {}
local health = {
  READY = "Suspended",
  COMPLETE = "Healthy",
  STOPPED = "Healthy",
  FAILED = "Degraded",
  UNKNOWN = "Degraded",
}
local message = status.state or "not seen by the operator yet"
if status.reason ~= nil and status.reason ~= "" then
  message = message .. " (" .. status.reason .. ")"
end
if status.message ~= nil and status.message ~= "" then
  message = message .. ": " .. status.message
end
if status.phase ~= "Finished" and status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "waiting for the operator: " .. message }
end
return { status = health[status.state] or "Progressing", message = message }
