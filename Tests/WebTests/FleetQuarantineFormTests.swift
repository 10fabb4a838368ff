import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Store
import Tapping
import Testing
import Transit
import Web

/// Impossible taps on the page of the validators, and what its form does about them.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct FleetQuarantineFormTests {
  private static let now = TestService.now
  private static let tap = "device=V-1&epoch=1&seq=1"

  /// Two taps of tomorrow, from a validator whose clock is an hour ahead.
  private func withHeldTaps(
    _ body: @Sendable (TestService) async throws -> Void
  ) async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      let taps = (1...2).map { seq in
        Tap(
          seq: seq, at: Self.now.adding(seconds: 86_400), kind: .single, medium: .card,
          token: Array("04a1b2c3".utf8), route: "15")
      }
      let answer = try await validator.post(
        TapBatchJSON.encode(
          TapBatch(device: "V-1", epoch: 1, sentAt: Self.now.adding(seconds: 3600), taps: taps)))
      try #require(answer.text.contains("tap_in_future"), "\(answer.text)")
      try await body(service)
    }
  }

  private func form(
    _ service: TestService, _ fields: String, site: String = "same-origin"
  ) async -> Answer {
    var headers: [HTTPField.Name: String] = [.contentType: "application/x-www-form-urlencoded"]
    if let name = HTTPField.Name("Sec-Fetch-Site") { headers[name] = site }
    return await service.send(.post, "/devices", headers: headers, body: Array(fields.utf8))
  }

  /// A moment as a browser writes it by the clocks of the city.
  private func wallTime(_ moment: Instant, _ service: TestService) -> String {
    String(service.services.city.current.clock.zone.iso8601(moment).prefix(16))
  }

  private func records(_ service: TestService) async throws -> [QuarantineRecord] {
    try await service.services.quarantine.list(state: nil)
  }

  @Test func anImpossibleTapIsShownWithBothTimesAndWhy() async throws {
    try await withHeldTaps { service in
      let people = People(language: .english, zone: service.services.city.current.clock.zone)
      let raw = people.moment(Self.now.adding(seconds: 86_400))
      let corrected = people.moment(Self.now.adding(seconds: 86_400 - 3600))
      let dispatcher = try await service.token(.dispatcher)
      let page = await service.send(.get, "/devices?lang=en", token: dispatcher)
      for text in [
        "<a href=\"/devices?tap=V-1%2F1%2F1#tap\">1 / 1</a>",
        "<td>V-1</td><td>\(raw)</td><td>\(corrected)</td>", "in the future",
        "the tap is later than the server&#39;s clock",
      ] {
        #expect(page.text.contains(text), "\(text) in \(page.text)")
      }
      let missing = await service.send(.get, "/devices?tap=V-1/1/9", token: dispatcher)
      #expect(missing.status == .notFound)
      let broken = await service.send(.get, "/devices?tap=V-1", token: dispatcher)
      #expect(broken.status == .badRequest)
    }
  }

  @Test func aTapIsReleasedOverTheFormAndByWhomIsKept() async throws {
    try await withHeldTaps { service in
      let olena = try await service.token(.accountant, label: "Olena")
      let shown = await service.send(.get, "/devices?tap=V-1/1/1&lang=en", token: olena)
      for text in [
        "value=\"release\"", "value=\"discard\"", "name=\"reason\"", "name=\"token\"",
        "action=\"/devices\"", "<input type=\"hidden\" name=\"seq\" value=\"1\">",
      ] {
        #expect(shown.text.contains(text), "\(text) in \(shown.text)")
      }
      let at = Self.now.adding(seconds: -3600)
      let fields =
        "\(Self.tap)&act=release&reason=its+clock&at=\(wallTime(at, service))&token=\(olena)"
      let done = await form(service, fields)
      #expect(done.status == .seeOther, "\(done.text)")
      #expect(done.headers[.location] == "/devices?tap=V-1%2F1%2F1#tap")
      let record = try #require(try await records(service).first)
      #expect(record.state == .released && record.decidedBy == "Olena (accountant)")
      #expect(record.reason == "its clock" && record.correction.at == at)
      try await service.settle()
      let taps = try await service.store.read { db in
        try await db.tapAudit.sorted(device: "V-1", epoch: 1, after: 0, countMax: 10)
      }
      #expect(taps.map(\.tap.at) == [at])
      let after = await service.send(.get, "/devices?tap=V-1/1/1&lang=en", token: olena)
      #expect(after.text.contains("Olena (accountant), ") && after.text.contains("its clock"))
      #expect(!after.text.contains("value=\"release\""), "nothing is decided twice")
      let again = await form(service, fields)
      #expect(again.status == .conflict && again.text.contains("Цю валідацію вже пропущено."))
    }
  }

  @Test func aTapIsDiscardedOverTheForm() async throws {
    try await withHeldTaps { service in
      let olena = try await service.token(.accountant, label: "Olena")
      let done = await form(
        service, "\(Self.tap)&act=discard&reason=a+test+card&at=&riders=&token=\(olena)")
      #expect(done.status == .seeOther, "\(done.text)")
      let decided = try await records(service)
      #expect(decided.map(\.state) == [.discarded, .held])
      #expect(decided.first?.decidedBy == "Olena (accountant)")
    }
  }

  @Test func whoMayNotDecideSeesNoButtonsAndIsRefused() async throws {
    try await withHeldTaps { service in
      let dispatcher = try await service.token(.dispatcher)
      let page = await service.send(.get, "/devices?tap=V-1/1/1&lang=en", token: dispatcher)
      #expect(page.text.contains("waits for a decision"), "\(page.text)")
      for text in ["name=\"token\"", "value=\"release\"", "value=\"discard\""] {
        #expect(!page.text.contains(text), "\(text)")
      }
      let olena = try await service.token(.accountant, label: "Olena")
      let time = wallTime(Self.now.adding(seconds: -3600), service)
      let asked = "\(Self.tap)&reason=x&at=\(time)&token="
      for act in ["release", "discard"] {
        #expect(await form(service, "act=\(act)&" + asked + dispatcher).status == .forbidden)
      }
      #expect(await form(service, "act=release&" + asked + "kvytok_x").status == .forbidden)
      let elsewhere = await form(service, "act=release&" + asked + olena, site: "cross-site")
      #expect(elsewhere.status == .forbidden)
      #expect(try await records(service).map(\.state) == [.held, .held])
    }
  }

  @Test func whatCannotBeDecidedSaysWhy() async throws {
    try await withHeldTaps { service in
      let olena = try await service.token(.accountant)
      let time = wallTime(Self.now.adding(seconds: -3600), service)
      let cases = [
        ("\(Self.tap)&act=release&reason=x", 422, "вкажіть, коли вона справді була"),
        ("\(Self.tap)&act=release&reason=+&at=\(time)", 422, "Вкажіть підставу"),
        ("\(Self.tap)&act=release&at=\(time)", 422, "Вкажіть підставу"),
        ("\(Self.tap)&act=discard&reason=x&at=\(time)", 422, "залиште час і пасажирів порожніми"),
        ("\(Self.tap)&act=dance&reason=x", 400, "У формі чогось бракує"),
        ("\(Self.tap)&act=release&reason=x&at=today", 400, "У формі чогось бракує"),
        ("\(Self.tap)&act=release&reason=x&riders=many", 400, "У формі чогось бракує"),
        ("device=V-1&epoch=1&seq=x&act=discard&reason=x", 400, "У формі чогось бракує"),
        ("device=V-1&epoch=1&seq=9&act=discard&reason=x", 404, "Такої валідації в карантині"),
      ]
      for (fields, status, text) in cases {
        let answer = await form(service, "\(fields)&token=\(olena)")
        #expect(answer.status.code == status && answer.text.contains(text), "\(fields)")
      }
      #expect(try await records(service).map(\.state) == [.held, .held])
    }
  }
}
