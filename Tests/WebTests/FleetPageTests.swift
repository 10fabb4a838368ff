import Basics
import DatabaseSupport
import HTTPTypes
import Postgres
import Store
import Tapping
import Testing
import Transit
import Web

/// The page of the validators, part by part.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct FleetPageTests {
  private static let now = TestService.now

  private static func tap(_ seq: Int64, route: String = "15", seconds: Int64 = -600) -> Tap {
    Tap(
      seq: seq, at: now.adding(seconds: seconds), kind: .single, medium: .card,
      token: Array("04a1b2c3".utf8), route: route)
  }

  private static func script(_ sql: String, _ service: TestService) async throws {
    _ = try await service.pool.session { db in try await db.script(sql) }
  }

  /// Validators of the database alone, at work.
  private static func devices(_ numbers: ClosedRange<Int>) -> String {
    """
    insert into device (device_id, state, public_key, enrolled_at)
    select 'D-' || n, 'active', decode(repeat('00', 32), 'hex'), '2026-11-01Z'
    from generate_series(\(numbers.lowerBound), \(numbers.upperBound)) n;
    """
  }

  /// One validator, conflict and gap more than the page shows.
  private static let manyOfEach =
    devices(1...301) + """
      insert into tap_conflict (device_id, epoch, seq, kept_digest, other_digest, other_content,
        received_at)
      select 'D-1', 1, n, '\\x00', '\\x01', '{}', now() from generate_series(1, 51) n;
      insert into device_gap (device_id, epoch, first_seq, last_seq, known_since)
      select 'D-1', 1, 2 * n, 2 * n, '2026-11-01Z' from generate_series(1, 201) n;
      insert into device_epoch (device_id, epoch, seen, last_received_at, last_sent_at)
      select 'D-1', 1, range_agg(int8range(2 * n - 1, 2 * n)), now(), now()
      from generate_series(1, 202) n;
      """

  private static func page(
    _ service: TestService, _ role: AccessRole = .dispatcher, query: String = "",
    language: String = "en"
  ) async throws -> Answer {
    let answer = await service.send(
      .get, "/devices?lang=\(language)\(query)", token: try await service.token(role))
    try #require(answer.status == .ok, "\(answer.text)")
    return answer
  }

  /// How the page writes a moment.
  private static func written(_ moment: Instant, _ service: TestService) -> String {
    People(language: .english, zone: service.services.city.current.clock.zone).moment(moment)
  }

  private static func expect(_ answer: Answer, says texts: [String]) {
    for text in texts { #expect(answer.text.contains(text), "\(text) in \(answer.text)") }
  }

  @Test func whoIsSilentWhileTheVehicleMovesIsShownWithSinceWhen() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      let assigned = await service.post(
        "/v1/devices/V-1/assign", token: try await service.token(.dispatcher),
        json: #"{"vehicle": "1603", "from": "2026-11-22T06:00:00Z"}"#)
      try #require(assigned.status == .ok, "\(assigned.text)")
      try await Self.script(
        """
        insert into position (service_day, lane, vehicle, at, latitude, longitude, device_id,
          received_at)
        select '2026-11-22', \(Lane.of(name: "1603")), '1603', at, latitude, 24, 'tracker', at
        from (values ('2026-11-22T07:30Z'::timestamptz, 56.95), ('2026-11-22T07:59Z', 56.96))
          as p (at, latitude);
        insert into vehicle_now (vehicle, at, latitude, longitude, received_at)
        values ('1603', '2026-11-22T07:59Z', 56.96, 24, '2026-11-22T07:59Z');
        """, service)
      let since = Self.written(Self.now.adding(seconds: -1800), service)
      Self.expect(
        try await Self.page(service),
        says: [
          "<th scope=\"row\">1603</th><td>V-1</td><td>never</td><td>\(since)</td>"
            + "<td class=\"n\">1,113</td>"
        ])
      #expect(try await validator.post([Self.tap(1)]).status == .ok)
      let heard = try await Self.page(service)
      #expect(heard.text.contains("every validator in a vehicle that moves is heard of"))
      #expect(!heard.text.contains("<td>\(since)</td>"))
    }
  }

  @Test func gapsAreShownTheOldestFirstWithWhatIsMissing() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      #expect(try await validator.post([Self.tap(1), Self.tap(5)]).status == .ok)
      _ = try await Self.page(service)
      service.clock.set(Self.now.adding(seconds: 3600))
      #expect(try await validator.post([Self.tap(7)]).status == .ok)
      _ = try await Self.page(service)
      service.clock.set(Self.now.adding(seconds: 7200))
      let page = try await Self.page(service)
      func row(_ numbers: String, _ missing: Int, since: Int64, age: String) -> String {
        "<th scope=\"row\">V-1</th><td class=\"n\">1</td><td class=\"n\">\(numbers)</td>"
          + "<td class=\"n\">\(missing)</td><td>\(Self.written(Self.now.adding(seconds: since), service))"
          + "</td><td class=\"n\">\(age)</td>"
      }
      let old = try #require(
        page.text.firstRange(of: row("2–4", 3, since: 0, age: "2\u{A0}h")), "\(page.text)")
      let new = try #require(
        page.text.firstRange(of: row("6", 1, since: 3600, age: "1\u{A0}h")), "\(page.text)")
      #expect(old.lowerBound < new.lowerBound)
    }
  }

  @Test func bothContentsOfAConflictStandSideBySideWithWhatDiffers() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      #expect(try await validator.post([Self.tap(1)]).status == .ok)
      #expect(try await validator.post([Self.tap(1, route: "22")]).status == .ok)
      let page = try await Self.page(service)
      Self.expect(
        page,
        says: [
          "<li>route: <mark>15</mark></li>", "<li>route: <mark>22</mark></li>",
          "<li>medium: card</li>", "<td><strong>route</strong></td>", "1 / 1",
        ])
      #expect(page.text.matches(of: /<mark>/).count == 2 && !page.text.contains("04a1b2c3"))
    }
  }

  @Test func aValidatorIsShownWithWhatIsOutOfOrderInWords() async throws {
    try await TestService.with { service in
      let admin = try await service.token(.admin)
      let tariff = """
        tariff: test
        version: "2026-11"
        effective: {from: 2026-01-01}
        currency: UAH
        timezone: Europe/Kyiv
        categories: [adult]
        fares: [{name: ride, price: 8.00}]
        """
      let published = await service.send(
        .post, "/v1/tariffs", token: admin, headers: [.contentType: "application/yaml"],
        body: Array(tariff.utf8))
      try #require(published.status == .created, "\(published.text)")
      let validator = try await Validator(service)
      _ = await service.post(
        "/v1/devices/V-1/assign", token: admin,
        json: #"{"vehicle": "1603", "from": "2026-11-22T06:00:00Z"}"#)
      try await Self.script(
        Self.devices(2...2)
          + """
          insert into deny_list_version (version, made_at, added, removed)
          values (1, '2026-11-22T06:00Z', 0, 0);
          """, service)
      var beat = DeviceHeartbeat(device: "V-1", sentAt: Self.now.adding(seconds: 90))
      beat.software = "4.2.1"
      beat.configuration = "c-7"
      beat.tariffVersion = "2026-10"
      beat.denyListVersion = 1
      beat.batteryPercent = 7
      beat.freeBytes = 5 << 20
      let told = try await validator.post(beat.json, to: "/v1/devices/heartbeat")
      try #require(told.status == .ok, "\(told.text)")
      let page = try await Self.page(service)
      Self.expect(
        page,
        says: [
          "<td>active</td>", "<td>1603 <small>Vehicle</small></td>", "<td>4.2.1</td>",
          "<td>c-7</td>", "<td>2026-10 <strong class=\"bad\">behind</strong></td>",
          "<td>1 <small>current</small></td>", "7\u{A0}% <strong class=\"bad\">low</strong>",
          "5\u{A0}MiB <strong class=\"bad\">little</strong>",
          "90.0 <strong class=\"bad\">ahead</strong>", "<strong>2026-11</strong>",
          "held, of those active: 1 / 2",
          // The other one was never heard of, is nowhere, and has no list.
          "never <strong class=\"bad\">silent</strong>", "– <strong class=\"bad\">nowhere</strong>",
          "<td>– <strong class=\"bad\">has none yet</strong></td>",
        ])
      beat.sentAt = Self.now.adding(seconds: 100)
      beat.tariffVersion = "2026-11"
      beat.batteryPercent = 80
      service.clock.set(beat.sentAt)
      _ = try await validator.post(beat.json, to: "/v1/devices/heartbeat")
      let mended = try await Self.page(service, query: "&q=V-1")
      #expect(mended.text.contains("<td>2026-11 <small>current</small></td>"), "\(mended.text)")
      #expect(mended.text.contains("80\u{A0}%</td>") && !mended.text.contains(">ahead<"))
      let mark = "<strong class=\"bad\">silent for over an hour</strong>"
      for (seconds, isSilent) in [(3600, false), (3601, true)] as [(Int64, Bool)] {
        service.clock.set(beat.sentAt.adding(seconds: seconds))
        let later = try await Self.page(service, query: "&q=V-1")
        #expect(later.text.contains(mark) == isSilent, "\(seconds) \(later.text)")
      }
    }
  }

  @Test func validatorsAreFoundByIdAndPlaceAndTheListIsCutAtItsLimit() async throws {
    try await TestService.with { service in
      try await Self.script(
        Self.devices(1...300)
          + """
          insert into device_assignment (device_id, valid_from, valid_to, vehicle, stop)
          values ('D-1', '2026-11-01Z', null, 'Tram-7', null),
            ('D-2', '2026-11-01Z', null, null, 'S-tram'),
            ('D-3', '2026-11-01Z', '2026-11-02Z', 'Tram-7', null);
          """, service)
      func shown(_ sought: String) async throws -> [String] {
        try await Self.page(service, query: "&q=\(sought)").text
          .matches(of: /<th scope="row">(D-[0-9]+)<\/th>/).map { String($0.1) }
      }
      #expect(try await shown("d-30") == ["D-30", "D-300"])
      #expect(try await shown("tram") == ["D-1", "D-2"])
      #expect(try await shown("").count == 300)
      #expect(try await shown("D-3%25") == [], "a sign of a pattern is a sign")
      Self.expect(
        try await Self.page(service, query: "&q=x%22y"),
        says: ["There is no such validator.", "value=\"x&quot;y\""])
      #expect(try await !Self.page(service).text.contains("Rows on the page"))
      try await Self.script(Self.devices(301...301), service)
      Self.expect(
        try await Self.page(service), says: ["all are at /v1/devices. Rows on the page: 300."])
    }
  }

  @Test func whatAnybodyCallsAThingIsTextAndNoMarkup() async throws {
    try await TestService.with { service in
      try await Self.script(
        """
        insert into device (device_id, state, public_key, enrolled_at)
        values ('<script>d', 'active', decode(repeat('00', 32), 'hex'), now());
        insert into device_epoch (device_id, epoch, seen, taps_stored, last_received_at,
          last_sent_at) values ('<script>d', 1, '{[1,2),[6,7)}', 2, now(), now());
        insert into device_assignment (device_id, valid_from, vehicle)
        values ('<script>d', '2026-11-01Z', '<script>v');
        insert into device_heartbeat (device_id, received_at, sent_at, software, configuration)
        values ('<script>d', now(), now(), '<script>s', '"><script>c');
        insert into tap_conflict (device_id, epoch, seq, kept_digest, other_digest, other_content,
          received_at) values ('<script>d', 1, 1, '\\x00', '\\x01', '{"route": "<script>r"}', now());
        insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
        values ('<script>d', 1, 1, '<script>k', '<script>m', '{"zone": "<script>z"}', now());
        """, service)
      let page = try await Self.page(service, query: "&q=%3Cscript%3E&tap=%3Cscript%3Ed/1/1")
      #expect(!page.text.contains("<script"), "\(page.text)")
      let names = ["d", "v", "s", "c", "r", "k", "m", "z"]
      Self.expect(page, says: names.map { "&lt;script&gt;\($0)" })
    }
  }

  @Test func thePageSpeaksBothLanguages() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      _ = try await validator.post([Self.tap(1, seconds: 86_400), Self.tap(3)])
      for (language, texts) in [
        (
          "uk",
          [
            "Валідатори", "Мовчать понад 15 хвилин, хоча машина їде", "Пропуски в номерах",
            "Суперечності",
            "Карантин", "Усі валідатори", "час у майбутньому", "чекає на рішення", "працює",
          ]
        ),
        (
          "en",
          [
            "Validators", "Silent for over 15 minutes though their vehicle moves",
            "Gaps in the numbers",
            "Conflicts", "Impossible taps", "All validators", "in the future",
            "waits for a decision", "active",
          ]
        ),
      ] {
        let page = try await Self.page(
          service, .admin, query: "&tap=V-1/1/1", language: language)
        Self.expect(page, says: texts)
        #expect(!page.text.contains("fleet_"), "\(page.text)")
      }
      for name in QuarantineCode.allCases.map({ "fleet_code_\($0.rawValue)" })
        + DeviceState.allCases.map({ "fleet_state_\($0.rawValue)" })
        + QuarantineState.allCases.map({ "fleet_held_\($0.rawValue)" })
        + TapKind.allCases.map({ "fleet_kind_\($0.rawValue)" })
        + MediumKind.allCases.map({ "medium_\($0.rawValue)" })
        + ["silent", "gaps", "conflicts", "quarantine", "all"].map({ "fleet_cut_\($0)" })
      {
        #expect(Texts.all[name] != nil, "\(name)")
      }
    }
  }

  @Test func aListThatIsCutGoesOnWhereItsLinkLeads() async throws {
    try await TestService.with { service in
      try await Self.script(Self.manyOfEach, service)
      let first = try await Self.page(service)
      Self.expect(
        first,
        says: [
          "<a rel=\"next\" href=\"/devices?q=&amp;all_after=D-98#all\">The next ones</a>",
          "/devices?q=&amp;conflicts_after=2#conflicts",
          "gaps_after=D-1%2F1%2F400%2F2026-11-01T00%3A00%3A00Z#gaps",
          "Shown are the newest; more are at",
        ])
      let next = try await Self.page(
        service,
        query: "&all_after=D-98&conflicts_after=2&gaps_after=D-1/1/400/2026-11-01T00:00:00Z")
      Self.expect(
        next, says: ["<th scope=\"row\">D-99</th>", "1 / 1<", "<td class=\"n\">402</td>"])
      for text in [
        "\"row\">D-98<", "1 / 2<", "rel=\"next\"", "Shown are", "<td class=\"n\">400</td>",
      ] {
        #expect(!next.text.contains(text), "\(text)")
      }
    }
  }

  /// Where one list goes on, the search of the validators stands.
  @Test func theLinkOfEveryListKeepsWhatIsSought() async throws {
    try await TestService.with { service in
      try await Self.script(
        Self.manyOfEach + """
          insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
          select 'D-1', 1, n, 'x', 'x', '{}', now() from generate_series(1, 101) n;
          """, service)
      for (sought, written, parts) in [
        ("d-30", "d-30", ["gaps", "conflicts", "quarantine"]),
        ("d-", "d-", ["gaps", "conflicts", "quarantine", "all"]),
        ("%20x%26y%22%20", "x%26y%22", ["gaps", "conflicts", "quarantine"]),
      ] {
        let page = try await Self.page(service, .admin, query: "&q=\(sought)")
        let links = page.text.matches(of: /rel="next" href="([^"]*)"/).map { String($0.output.1) }
        #expect(links.compactMap { $0.split(separator: "#").last.map(String.init) } == parts)
        #expect(
          links.allSatisfy { $0.hasPrefix("/devices?q=\(written)&amp;") }, "\(links)")
      }
      let place = "D-1%2F1%2F400%2F2026-11-01T00%3A00%3A00Z"
      let next = try await Self.page(service, query: "&q=d-30&gaps_after=\(place)")
      let shown = next.text.matches(of: /<th scope="row">(D-[0-9]+)<\/th><td>active/)
      #expect(shown.map { String($0.output.1) } == ["D-30", "D-300", "D-301"], "\(next.text)")
      // So do the tap that is told of and the places of the other lists.
      let amid = try await Self.page(
        service, .admin, query: "&q=d-&tap=D-1/1/1&conflicts_after=40&all_after=D-100")
      Self.expect(
        amid,
        says: [
          "/devices?q=d-&amp;tap=D-1%2F1%2F1&amp;conflicts_after=40&amp;all_after=D-100&amp;"
            + "gaps_after=\(place)#gaps",
          "&amp;conflicts_after=40&amp;all_after=D-100&amp;quarantine_after=",
          "&amp;q=d-&amp;conflicts_after=40&amp;all_after=D-100#tap\"",
        ])
    }
  }

  /// Whoever may not ask for a part over HTTP does not read it here, and is not led to it.
  @Test func eachRoleSeesThePartsThatItMayAskFor() async throws {
    try await TestService.with { service in
      let parts = ["silent", "gaps", "conflicts", "quarantine", "all"]
      let rights: [(AccessRole, Set<String>)] = [
        (.admin, Set(parts)), (.dispatcher, Set(parts)), (.accountant, ["quarantine"]),
      ]
      for (role, expected) in rights {
        let page = try await Self.page(service, role)
        for part in parts {
          #expect(page.text.contains("<h2 id=\"\(part)\">") == expected.contains(part), "\(part)")
        }
        #expect(page.text.contains("<a href=\"/devices\" aria-current=\"page\">"))
      }
      for (role, links) in rights + [(.planner, []), (.inspector, [])] {
        let token = try await service.token(role)
        let overview = await service.send(.get, "/?lang=en", token: token)
        for part in ["gaps", "quarantine"] {
          #expect(
            overview.text.contains("href=\"/devices#\(part)\"") == links.contains(part),
            "\(part) as \(role)")
        }
        #expect(overview.text.contains("href=\"/devices\"") == !links.isEmpty, "\(role)")
        if links.isEmpty {
          #expect(await service.send(.get, "/devices", token: token).status == .forbidden)
        }
      }
    }
  }

  /// Their vehicles stand, so the part of those that are silent though they move has none of them.
  @Test func theOverviewLeadsFromWhoIsSilentToThePage() async throws {
    try await TestService.with { service in
      try await Self.script(Self.devices(1...21), service)
      let page = try await Self.page(service)
      Self.expect(page, says: ["None: every validator in a vehicle that moves is heard of."])
      let overview = await service.send(
        .get, "/?lang=en", token: try await service.token(.dispatcher))
      #expect(overview.text.contains("<a href=\"/devices#all\">Silent for over an hour</a>"))
      let planner = await service.send(
        .get, "/?lang=en", token: try await service.token(.planner))
      #expect(planner.text.contains("<h2 id=\"silent\">Silent for over an hour</h2>"))
      // As many are silent, and the page does not list all.
      #expect(planner.text.contains("</h2>\n<p>21, listed 20</p>"))
    }
  }
}
