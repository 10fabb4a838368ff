import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import SimulatedCity
import Tapping
import Testing
import Tracking
import Transit

/// The pages as Chromium shows them, on a service with the network of an invented city.
@Suite(
  .enabled(
    if: PrivateCluster.isPossible && Browser.isThere, "skipped: no PostgreSQL or Chromium"),
  .serialized, .serverTurn)
struct PageTests {
  @Test func everyPageSpeaksBothLanguages() async throws {
    try await Self.withRiddenCity { city in
      let expected: [(String, uk: String, en: String)] = [
        ("/", "Огляд", "Overview"), ("/vehicles", "Транспорт наживо", "Live vehicles"),
        ("/devices", "Валідатори", "Validators"),
        ("/routes", "Наповнення маршруту", "Load of a route"),
        ("/report", "Звіти", "Reports"),
        ("/books", "Книги обліку", "The books"),
        ("/rating", "Перерахунок вартості", "Rating anew"),
        ("/rider", "Поїздки пасажира", "Rides of a rider"),
      ]
      for (path, uk, en) in expected {
        for (language, title) in [("uk", uk), ("en", en)] {
          var browser = city.browser
          browser.language = language
          let page = try await browser.page(path)
          #expect(page.contains("<html lang=\"\(language)\""), "\(path)")
          #expect(page.contains(">\(title)</h1>"), "\(path) in \(language)")
          #expect(page.contains("class=\"skip\" href=\"#main\""), "\(path)")
          #expect(page.contains("aria-current=\"page\""), "\(path)")
        }
      }
    }
  }

  @Test func theMapDrawsOurOwnNetworkAndTheVehicles() async throws {
    try await Self.withRiddenCity { city in
      let page = try await city.browser.page("/vehicles")
      let map = try #require(page.firstMatch(of: /<div id="map"[^>]*>/)).output
      #expect(map.contains("data-routes=\"30\""), "\(map)")
      #expect(map.contains("data-stops=\"325\""), "\(map)")
      #expect(map.contains("data-vehicles=\"1\""), "\(map)")
      #expect(!page.contains("tile.openstreetmap"), "the map needs the internet")
      // The table says the same, and was there before any script ran.
      #expect(page.contains("<th scope=\"row\">1001</th>"))
      let picture = try await city.browser.picture("/vehicles")
      Attachment.record(Array(picture), named: "vehicles.png")
      #expect(picture.count > 20_000, "an empty page is smaller")
    }
  }

  /// Whatever a tracker or a feed calls a thing, the labels of the map are text.
  @Test func theLabelsOfTheMapAreTextAndNoMarkup() async throws {
    try await KvytokService.with { service in
      let page = """
        <!DOCTYPE html><div id="map" data-vehicle="Vehicle" data-route="Route"
          style="width: 600px; height: 400px"></div>
        <script>
        const less = String.fromCharCode(60);
        const evil = less + 'b id=x>y' + less + '/b>';
        const feature = (geometry) => ({ type: 'FeatureCollection', features: [
          { type: 'Feature', properties: { name: evil }, geometry }] });
        const answers = {
          '/v1/network/routes': feature({ type: 'LineString', coordinates: [[30, 50], [30.1, 50]] }),
          '/v1/network/stops': feature({ type: 'Point', coordinates: [30, 50] }),
          '/v1/vehicles': { vehicles: [{ vehicle: evil, route_name: evil, lat: 50, lon: 30.1 }] },
        };
        // Each answer once: a second one would draw the vehicles anew and close their labels.
        window.fetch = (path) => {
          const answer = answers[path];
          delete answers[path];
          return answer ? Promise.resolve({ ok: true, json: () => Promise.resolve(answer) })
            : new Promise(() => {});
        };
        </script>
        <script src="\(service.url)/lib/leaflet/leaflet.min.js"></script>
        <script>
        const make = L.map;
        L.map = (...given) => (window.drawn = make(...given));
        </script>
        <script src="\(service.url)/assets/map.js"></script>
        <script>
        setTimeout(() => drawn.eachLayer((layer) => {
          if (layer.getTooltip && layer.getTooltip()) { layer.openTooltip(); }
        }), 2000);
        </script>
        """
      let file = service.data.appendingPathComponent("map.html")
      try Data(page.utf8).write(to: file)
      let shown = try await Browser(service: service.url, token: nil).page(in: file)
      let label = "&lt;b id=x&gt;y&lt;/b&gt;"
      for text in [">Route \(label)<", ">\(label)<", ">Vehicle \(label) · Route \(label)<"] {
        #expect(shown.contains(text), "\(shown.suffix(3000))")
      }
      #expect(!shown.contains("<b id"), "\(shown.suffix(3000))")
    }
  }

  @Test func theChartOfALoadIsDrawnFromItsTable() async throws {
    try await Self.withRiddenCity { city in
      let path = "/routes?route=bus-22&direction=0&date=\(city.day)"
      let page = try await city.browser.page(path)
      let canvas = try #require(page.firstMatch(of: /<canvas id="chart"[^>]*>/)).output
      let drawn = try #require(canvas.firstMatch(of: /data-drawn="(\d+)"/)).output.1
      let rows = page.matches(of: /data-value="[0-9]*"/).count / 3
      #expect(Int(drawn) == rows && rows > 5)
      #expect(page.contains("role=\"img\" aria-label="))
    }
  }

  @Test func aRiderIsShownWithTheReasonsOfTheFares() async throws {
    try await Self.withRiddenCity { city in
      let path = "/rider?medium=card&token=\(city.cardText)&date=\(city.day)"
      let page = try #require(
        try await eventually { () -> String? in
          let page = try await city.browser.page(path)
          return page.contains("class=\"why\"") ? page : nil
        })
      #expect(page.contains("15.00&nbsp;UAH"))
      #expect(page.contains("free transfer"))
      let report = try await city.browser.page("/report?date=\(city.day)")
      #expect(report.contains("15.00"))
      let overview = try await city.browser.page("/?date=\(city.day)")
      #expect(overview.contains("15.00&nbsp;UAH"))
    }
  }

  @Test func whoIsNotSignedInIsAskedTo() async throws {
    try await KvytokService.with { service in
      let browser = Browser(service: service.url, token: nil)
      let page = try await browser.page("/report")
      #expect(page.contains("<input id=\"token\" name=\"token\" type=\"password\""))
      #expect(page.contains("name=\"next\" value=\"/report\""))
    }
  }

  /// A service with a network, two rides of one rider and a vehicle on the road.
  private struct RiddenCity: Sendable {
    let browser: Browser
    let day: Day
    let cardText: String
  }

  private static func withRiddenCity(_ body: (RiddenCity) async throws -> Void) async throws {
    try await KvytokService.with { service in
      let feed = service.data.appendingPathComponent("city.zip")
      try Data(CityFeed(seed: 1).zip()).write(to: feed)
      let imported = try await service.run(["network", "import", feed.path])
      try #require(imported.exitCode == 0, "\(imported.errors)")
      // The service hears of a network that another process imported a moment later.
      let isKnown = try await eventually { () -> Bool? in
        let routes = try await service.client.send("GET", "/v1/network/routes")
        return routes.text.contains("bus-22") ? true : nil
      }
      try #require(isKnown == true)
      let now = try await serverTime(service)
      let device = SignedDevice(id: "V-1", secret: "a test")
      _ = try await device.enroll(vehicle: "1001", with: service.client)
      let card = Array("a card".utf8)
      let zone = try #require(TimeZoneTable(name: "Europe/Kyiv"))
      let clock = CityClock(zone: zone, fareDayStartSeconds: 4 * 3600)
      // Both taps on one fare day, also when the test runs an hour after one began.
      let hourAgo = now.adding(seconds: -3600)
      let first = max(hourAgo, clock.start(of: clock.fareDay(of: hourAgo.adding(seconds: 600))))
      let taps = [0, 600].enumerated().map { index, seconds in
        var tap = Tap(
          seq: Int64(index + 1), at: first.adding(seconds: Int64(seconds)), kind: .single,
          medium: .card, token: card, riders: 1, result: .accepted)
        tap.vehicle = "1001"
        tap.route = "bus-22"
        return tap
      }
      let batch = TapBatch(
        device: "V-1", epoch: 1, sentAt: now, tariffVersion: nil, denyListVersion: nil,
        taps: taps)
      _ = try await device.postTaps(body: TapBatchJSON.encode(batch), with: service.client)
      let report = PositionReport(
        device: "V-1", sentAt: now,
        positions: [
          Position(
            vehicle: "1001", at: now,
            coordinate: Coordinate(latitude: 49.42, longitude: 27.0), route: "bus-22")
        ])
      _ = try await device.post(
        "/v1/positions", body: PositionReportJSON.encode(report), with: service.client)
      try await body(
        RiddenCity(
          browser: Browser(service: service.url, token: service.adminToken),
          day: clock.fareDay(of: first), cardText: Base64.encode(card, .url)))
    }
  }

  private static func serverTime(_ service: KvytokService) async throws -> Instant {
    let status = try await service.client.administer("GET", "/v1/status")
    let match = try #require(status.text.firstMatch(of: /"made_at":"([^"]+)"/))
    return try #require(Instant(iso8601: match.output.1))
  }
}
