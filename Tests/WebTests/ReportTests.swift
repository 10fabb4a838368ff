import DatabaseSupport
import HTTPTypes
import Insight
import Store
import Testing
import Web

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct ReportTests {
  @Test func everyReportComesInEveryFormat() async throws {
    try await TestService.with { service in
      let token = try await service.token(.accountant)
      for name in ReportName.allCases {
        let path = "/v1/reports/\(name.rawValue)?date=2026-11-21"
        for (format, type) in [
          ("json", "application/json"), ("csv", "text/csv"),
          ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ] {
          let asked = await service.send(.get, "\(path)&format=\(format)", token: token)
          #expect(asked.status == .ok, "\(name) as \(format): \(asked.text.prefix(200))")
          #expect(asked.contentType.hasPrefix(type), "\(name) as \(format)")
          let accepted = await service.send(
            .get, path, token: token, headers: [.accept: type])
          #expect(accepted.contentType.hasPrefix(type), "\(name) as \(format)")
        }
        let book = await service.send(.get, "\(path)&format=xlsx", token: token)
        #expect(book.body.prefix(2) == [0x50, 0x4B])
        #expect(
          book.headers[.contentDisposition]
            == "attachment; filename=\"\(name.rawValue)-2026-11-21.xlsx\"")
      }
    }
  }

  @Test func anAccountantOfOneOperatorAsksForThatOneOnly() async throws {
    try await TestService.with { service in
      let token = try await service.token(.accountant, operatorID: "north")
      for name in ReportName.allCases {
        let path = "/v1/reports/\(name.rawValue)?date=2026-11-21"
        let own = await service.send(.get, path, token: token)
        #expect(own.status == .ok && own.text.contains("\"operator\":\"north\""), "\(name)")
        let file = await service.send(.get, "\(path)&format=csv", token: token)
        #expect(
          file.headers[.contentDisposition]
            == "attachment; filename=\"\(name.rawValue)-2026-11-21-north.csv\"")
        for format in ["json", "csv", "xlsx"] {
          let foreign = await service.send(
            .get, "\(path)&operator=south&format=\(format)", token: token)
          #expect(foreign.status == .forbidden, "\(name) as \(format)")
        }
        let page = await service.send(
          .get, "/report?name=\(name.rawValue)&date=2026-11-21&operator=south", token: token)
        #expect(page.status == .forbidden, "\(name)")
      }
      // What a report is worked out from is not theirs to see.
      for path in ["/v1/ledger/trial-balance", "/v1/riders/x/rides", "/rider"] {
        #expect(await service.send(.get, path, token: token).status == .forbidden, "\(path)")
      }
    }
  }

  /// A last day that is left over in the form is dropped, and the page names the day that it shows; a stretch that is
  /// too long is meant, and refused: a page of a part of it would say that nothing of the rest is missing.
  @Test func thePageTakesALastDayThatIsLeftOverAndTheInterfaceRefusesIt() async throws {
    try await TestService.with { service in
      let token = try await service.token(.accountant)
      let daily = "it does not go with daily, which is of one day"
      let far = "it lies before `date`, or more than 365 days after"
      let questions = [
        ("daily", "2026-11-20", "2026-11-27", daily, true),
        ("daily", "2026-11-20", "2026-11-19", daily, true),
        ("operators", "2026-11-27", "2026-11-01", far, true),
        ("debts", "2025-11-27", "2026-11-28", far, false),
      ]
      for (name, date, to, why, isLeftOver) in questions {
        let days = "date=\(date)&to=\(to)"
        let page = await service.send(
          .get, "/report?name=\(name)&\(days)&lang=en", token: token,
          headers: [.accept: "text/html"])
        #expect(page.status == (isLeftOver ? .ok : .badRequest), "\(name) \(days)")
        if isLeftOver {
          #expect(page.text.contains("Of the first day alone"), "\(page.text)")
          #expect(page.text.contains("name=\"to\" value=\"\""), "\(page.text)")
          #expect(page.text.contains("?date=\(date)&amp;format=csv"), "\(page.text)")
        } else {
          #expect(page.text.contains("Parameter to: \(why)"), "\(page.text)")
        }
        let answer = await service.send(.get, "/v1/reports/\(name)?\(days)", token: token)
        #expect(answer.status == .badRequest && answer.text.contains(why), "\(answer.text)")
      }
      // A form of one day leaves the last one open, so that another day can be chosen in it.
      let one = await service.send(
        .get, "/report?name=debts&date=2026-11-20&to=2026-11-20", token: token)
      #expect(one.status == .ok && one.text.contains("name=\"to\" value=\"\""), "\(one.text)")
      let several = await service.send(
        .get, "/report?name=debts&date=2025-11-27&to=2026-11-27", token: token)
      #expect(several.status == .ok && !several.text.contains("class=\"notice\""))
      #expect(several.text.contains("name=\"to\" value=\"2026-11-27\""), "\(several.text)")
    }
  }

  @Test func badQuestionsAreToldWhatIsWrong() async throws {
    try await TestService.with { service in
      let token = try await service.token(.accountant)
      let questions: [(String, HTTPResponse.Status, String)] = [
        ("/v1/reports/weekly?date=2026-11-21", .notFound, "report_unknown"),
        ("/v1/reports/debts", .badRequest, "bad_parameter"),
        ("/v1/reports/debts?date=21.11.2026", .badRequest, "bad_parameter"),
        ("/v1/reports/debts?date=2026-11-21&to=2026-11-20", .badRequest, "bad_parameter"),
        ("/v1/reports/debts?date=2020-11-21&to=2026-11-20", .badRequest, "bad_parameter"),
        ("/v1/reports/daily?date=2026-11-20&to=2026-11-21", .badRequest, "bad_parameter"),
        ("/v1/reports/debts?date=2026-11-21&format=pdf", .badRequest, "bad_parameter"),
        ("/v1/reports/devices?period=2026-11", .badRequest, "bad_parameter"),
        ("/v1/reports/operators?period=2026-11", .notFound, "period_unknown"),
        ("/v1/reports/operators?period=2026-11&page=1", .badRequest, "bad_parameter"),
      ]
      for (path, status, code) in questions {
        let answer = await service.send(.get, path, token: token)
        #expect(answer.status == status, "\(path): \(answer.text)")
        #expect(answer.problemCode == code, "\(path): \(answer.text)")
      }
      let refused = await service.send(
        .get, "/v1/reports/debts?date=2026-11-21", token: token, headers: [.accept: "image/png"])
      #expect(refused.status == .notAcceptable)
    }
  }
}
