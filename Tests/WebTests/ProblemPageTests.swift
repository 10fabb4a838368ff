import Basics
import DatabaseSupport
import Foundation
import HTTPTypes
import Ledger
import Store
import Testing
import Web

/// What a page says when something was refused, and where it leads.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct ProblemPageTests {
  private static let claim = "act=propose&from=2026-11-01&to=2026-11-20&currency=UAH&token="

  /// Sends a form from the browser of whoever is signed in.
  private func form(
    _ service: TestService, _ fields: String, signedIn token: String, language: String = "uk"
  ) async -> Answer {
    await service.send(
      .post, "/subsidies",
      headers: [
        .contentType: "application/x-www-form-urlencoded", .cookie: "kvytok_token=\(token)",
        .acceptLanguage: language,
      ], body: Array(fields.utf8))
  }

  @Test func aRefusedActSaysWhyAndLeadsBackToItsForm() async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      let olena = try await service.token(.accountant, label: "Olena")
      let refused = await form(service, Self.claim + olena, signedIn: olena)
      #expect(refused.status == .unprocessableContent, "\(refused.text)")
      for text in [
        "За тим, що записано, цього зробити не можна.",
        "<p class=\"notice\">немає чого заявляти: ",
        "<a href=\"/subsidies\">Назад до сторінки</a>", "<a href=\"/\">На головну</a>",
        // The reader is signed in, and finds the sections of an accountant.
        "бухгалтер", "href=\"/bank\"", "action=\"/logout\"",
      ] {
        #expect(refused.text.contains(text), "\(text) in \(refused.text)")
      }
      #expect(!refused.text.contains("Запит незрозумілий"))
      let english = await form(service, Self.claim + olena, signedIn: olena, language: "en")
      #expect(english.text.contains("By what is on record this cannot be done."))
    }
  }

  @Test func everyPageNamesTheZoneOfItsTimes() async throws {
    try await TestService.with { service in
      let zone = service.services.city.current.clock.zone.name
      let token = try await service.token(.admin)
      for (path, language, words) in [
        ("/", "en", "Times are of"), ("/devices", "uk", "Час за поясом"),
        ("/subsidies?claim=9", "en", "Times are of"),
      ] {
        let page = await service.send(
          .get, path, headers: [.cookie: "kvytok_token=\(token)", .acceptLanguage: language])
        #expect(page.text.contains("\(words) \(zone).</footer>"), "\(path) \(page.text)")
      }
    }
  }

  @Test func aClaimThatIsNotThereIsNamedAndNothingForProgrammersIs() async throws {
    try await TestService.with { service in
      let olena = try await service.token(.accountant, label: "Olena")
      let page = await service.send(
        .get, "/subsidies?claim=1",
        headers: [.cookie: "kvytok_token=\(olena)", .acceptLanguage: "en"])
      #expect(page.status == .notFound, "\(page.text)")
      #expect(page.text.contains("There is no claim 1."), "\(page.text)")
      #expect(!page.text.contains("openapi"), "\(page.text)")
    }
  }

  /// A sign that Unicode counts to its neighbour is one character with it, and markup all the same.
  @Test func textOfARequestIsNoMarkupWhateverStandsBesideIt() async throws {
    try await TestService.with { service in
      let planner = try await service.token(.planner)
      for date in [
        "%D8%80%3Cmeta%20x", "%22%CC%81%20autofocus%20x", "%27%CC%81x", "%26%CC%81lt;",
        "%3E%E2%80%8D",
        "%D8%80%22x",
      ] {
        let page = await service.send(
          .get, "/routes?route=r1&date=\(date)", token: planner, headers: [.accept: "text/html"])
        #expect(page.status == .badRequest, "\(date)")
        let text = try #require(date.removingPercentEncoding)
        let signs = text.unicodeScalars.filter { "<>&\"'".unicodeScalars.contains($0) }
        #expect(signs.count == 1 && !page.text.utf8Contains(text), "\(date): \(page.text)")
        // It is shown, and not left out.
        let shown = "&\(Self.names[signs[signs.startIndex]] ?? "?");"
        #expect(page.text.utf8Contains(shown), "\(date)")
      }
    }
  }

  private static let names: [Unicode.Scalar: String] = [
    "<": "lt", ">": "gt", "&": "amp", "\"": "quot", "'": "#39",
  ]

  @Test func aTokenThatIsNotThereIsToldAsThatAndNotAsARole() async throws {
    try await TestService.with { service in
      let olena = try await service.token(.accountant, label: "Olena")
      let mistyped = await form(service, Self.claim + "kvytok_x", signedIn: olena)
      #expect(mistyped.status == .forbidden)
      #expect(mistyped.text.contains("Такого ключа немає, або він уже не діє."))
      #expect(!mistyped.text.contains("Ваша роль"))
      #expect(mistyped.text.contains("<a href=\"/subsidies\">"))
      let planner = try await service.token(.planner)
      let other = await form(service, Self.claim + planner, signedIn: olena)
      #expect(other.status == .forbidden)
      #expect(other.text.contains("Роль цього ключа доступу не дає права на цю дію."))
    }
  }

  @Test func whoMayNotOpenAPageIsLedToOneTheyMayOpen() async throws {
    try await TestService.with { service in
      for (role, page) in [(AccessRole.cashier, "/vehicles"), (.inspector, "/")] {
        let token = try await service.token(role)
        let refused = await service.send(.get, "/bank?lang=uk", token: token)
        #expect(refused.status == .forbidden)
        #expect(refused.text.contains("Ваша роль не дає права на цю сторінку."))
        #expect(refused.text.contains("<a href=\"\(page)\">На головну</a>"), "\(refused.text)")
        #expect(refused.text.contains("class=\"brand\" href=\"\(page)\""))
        // Back would be the same page again.
        #expect(!refused.text.contains("Назад до сторінки"))
        #expect(await service.send(.get, page, token: token).status == .ok)
      }
      let nobody = await service.send(.get, "/nothing", headers: [.accept: "text/html"])
      #expect(nobody.text.contains("<a href=\"/login\">"))
      #expect(nobody.text.contains("Такої сторінки немає."))
      let olena = try await service.token(.accountant)
      let missing = await service.send(.get, "/subsidies?claim=9", token: olena)
      #expect(missing.status == .notFound)
      #expect(missing.text.contains("Того, що ви назвали, немає."))
      #expect(missing.text.contains("<a href=\"/subsidies\">Назад до сторінки</a>"))
    }
  }
}

extension String {
  /// Whether the same bytes stand in it somewhere, as a browser looks.
  fileprivate func utf8Contains(_ other: String) -> Bool {
    let (bytes, sought) = (Array(utf8), Array(other.utf8))
    guard sought.count <= bytes.count else { return false }
    return (0...(bytes.count - sought.count)).contains {
      bytes[$0..<($0 + sought.count)].elementsEqual(sought)
    }
  }
}
