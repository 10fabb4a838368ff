// Draws our own network as the base layer, and the vehicles over it. The table below the map is the
// same list for those who cannot use a map, and is what stays when this script does not run.
'use strict';
(() => {
  const pollMilliseconds = 5000;
  const box = document.getElementById('map');
  if (!box || !window.L) { return; }
  const map = L.map(box, { preferCanvas: true, attributionControl: false, zoomSnap: 0.5 });
  map.setView([50.4501, 30.5234], 11);
  const vehicles = L.layerGroup().addTo(map);
  let isPlaced = false;

  // The library takes a string for HTML, and trackers and feeds write what they like.
  const text = (string) => {
    const node = document.createElement('span');
    node.textContent = string;
    return node;
  };

  const fit = (layer) => {
    const bounds = layer.getBounds();
    if (isPlaced || !bounds.isValid()) { return; }
    map.fitBounds(bounds, { padding: [12, 12] });
    isPlaced = true;
  };

  const drawRoutes = (routes) => {
    const lines = L.geoJSON(routes, {
      style: (line) => ({
        color: '#' + (line.properties.color || '0b6e8f'), weight: 2.5, opacity: 0.55 }),
      onEachFeature: (line, layer) => layer.bindTooltip(
        text(box.dataset.route + ' ' + line.properties.name), { sticky: true }),
    }).addTo(map);
    fit(lines);
    box.dataset.routes = String(routes.features.length);
  };

  const drawStops = (stops) => {
    const points = L.geoJSON(stops, {
      pointToLayer: (stop, place) => L.circleMarker(place,
        { radius: 2, weight: 1, color: '#566670', fillColor: '#fff', fillOpacity: 1 })
        .bindTooltip(text(stop.properties.name)),
    }).addTo(map);
    fit(points);
    box.dataset.stops = String(stops.features.length);
  };

  const drawVehicles = (list) => {
    vehicles.clearLayers();
    const marks = list.vehicles.map((vehicle) =>
      L.circleMarker([vehicle.lat, vehicle.lon],
        { radius: 7, weight: 2, color: '#fff', fillColor: '#b3261e', fillOpacity: 1 })
        .bindTooltip(text(
          [box.dataset.vehicle + ' ' + vehicle.vehicle,
            vehicle.route_name ? box.dataset.route + ' ' + vehicle.route_name : '']
            .filter(Boolean).join(' · '))));
    marks.forEach((mark) => vehicles.addLayer(mark));
    if (marks.length > 0) { fit(L.featureGroup(marks)); }
    box.dataset.vehicles = String(marks.length);
  };

  const get = (path) => fetch(path).then((answer) => {
    if (!answer.ok) { throw new Error(path + ' answered ' + answer.status); }
    return answer.json();
  });
  const poll = () => get('/v1/vehicles').then(drawVehicles).catch(console.error)
    .finally(() => setTimeout(poll, pollMilliseconds));

  get('/v1/network/routes').then(drawRoutes)
    .then(() => get('/v1/network/stops')).then(drawStops)
    .catch(console.error).finally(poll);
})();
