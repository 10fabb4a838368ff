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
