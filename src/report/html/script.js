"use strict";
(function () {
  var form = document.getElementById("filter");
  if (!form) { return; }
  var rows = Array.prototype.slice.call(document.querySelectorAll("#matrix tbody tr"));
  var shown = document.getElementById("shown");
  function apply() {
    var text = form.elements.text.value.trim().toLowerCase();
    var role = form.elements.role.value;
    var access = form.elements.access.value;
    var count = 0;
    rows.forEach(function (row) {
      var fits = (!text || row.dataset.relation.toLowerCase().indexOf(text) >= 0)
        && (!role || row.dataset.role === role)
        && (!access || (" " + row.dataset.access + " ").indexOf(" " + access + " ") >= 0);
      row.hidden = !fits;
      if (fits) { count += 1; }
    });
    shown.textContent = count + " of " + rows.length + " shown";
  }
  // #access:role=anon&text=notes opens the page with a filter, so that it can be passed on.
  var parts = decodeURIComponent(location.hash).split(":");
  (parts[1] || "").split("&").forEach(function (pair) {
    var at = pair.indexOf("=");
    var field = at > 0 && form.elements[pair.slice(0, at)];
    if (field) { field.value = pair.slice(at + 1); }
  });
  form.addEventListener("input", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  apply();
}());
