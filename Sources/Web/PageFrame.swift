import Basics
import Foundation
import HTTPTypes
import Mustache
import Store

/// What stands around every page: sections, languages, who is signed in.
struct PageFrame {
  struct Link {
    let path: String
    let name: String
    let code: String
    let isCurrent: Bool
  }

  let language: String
  let title: String
  let sections: [Link]
  let languages: [Link]
  let role: String?
  let isoTime: String
  let time: String

  /// The pages of the navigation, in their order, and the words for them.
  static let sections: [(Endpoint, String)] = [
    (.overviewPage, "overview_title"), (.mapPage, "map_title"), (.loadPage, "load_title"),
    (.reportPage, "report_title"), (.subsidyPage, "subsidy_title"), (.bankPage, "bank_title"),
    (.ratingPage, "rating_title"), (.riderPage, "rider_title"),
  ]

  /// The frame of a page for a request: with the sections that the caller may open.
  init(_ request: WebRequest, titleName: String, people: People) {
    language = request.language.rawValue
    title = people.text(titleName)
    sections = PageFrame.sections.compactMap { endpoint, name in
      guard endpoint.access == .anyone || request.caller?.may(use: endpoint.access) == true
      else { return nil }
      return Link(
        path: endpoint.path, name: people.text(name), code: "",
        isCurrent: endpoint == request.endpoint)
    }
    languages = PageFrame.languageLinks(request.language) { language in
      var pairs = request.query.filter { $0.key != Language.parameterName && $0.key != "token" }
      pairs[Language.parameterName] = language.rawValue
      let query = pairs.sorted { $0.key < $1.key }
        .map { percentEncoded($0.key) + "=" + percentEncoded($0.value) }
      return "\(request.endpoint.method == .get ? request.endpoint.path : "/login")?"
        + query.joined(separator: "&")
    }
    role = request.caller.map { people.text("role_\($0.role.rawValue)") }
    isoTime = request.receivedAt.description
    time = people.moment(request.receivedAt)
  }

  /// The frame of a page that says what failed, when there is no request that was let in.
  init(failureIn language: Language, titleName: String, at moment: Instant, people: People) {
    self.language = language.rawValue
    title = people.text(titleName)
    sections = []
    languages = PageFrame.languageLinks(language) { "/?lang=\($0.rawValue)" }
    role = nil
    isoTime = moment.description
    time = people.moment(moment)
  }

  private static func languageLinks(
    _ current: Language, _ path: (Language) -> String
  ) -> [Link] {
    let names: [Language: String] = [.ukrainian: "Українська", .english: "English"]
    return Language.allCases.map { language in
      Link(
        path: path(language), name: names[language] ?? language.rawValue,
        code: language.rawValue, isCurrent: language == current)
    }
  }
}

/// The templates, read once at the start.
struct Pages: Sendable {
  /// The templates of the folder `Pages`.
  static let names = [
    "layout", "overview", "map", "load", "report", "subsidies", "bank", "rating", "rider", "login",
    "problem",
  ]

  private let library: MustacheLibrary

  init() throws {
    let folder = URL(fileURLWithPath: Assets.pageFolder)
    var library = MustacheLibrary()
    for name in Pages.names {
      let path = folder.appendingPathComponent("\(name).mustache")
      try library.register(String(contentsOf: path, encoding: .utf8), named: name)
    }
    self.library = library
  }

  /// A page from its template.
  func page(
    _ name: String, frame: PageFrame, language: Language, _ model: Any,
    status: HTTPResponse.Status = .ok
  ) -> Answer {
    let context: [String: Any] = [
      "t": Texts.inLanguage(language), "frame": frame, "page": model,
    ]
    // A template that is not there would have failed when the templates were read.
    let html = library.render(context, withTemplate: name) ?? ""
    return .page(html, status)
  }

  private struct ProblemModel {
    let sentence: String
    let status: Int
    let code: String
    let detail: String
  }

  /// The page that tells a person what failed.
  func problem(
    _ problem: Problem, language: Language, at moment: Instant, zone: TimeZoneTable
  ) -> Answer {
    let people = People(language: language, zone: zone)
    let sentence =
      switch problem.status.code {
      case 404: "problem_not_found"
      case 401, 403: "problem_forbidden"
      case 429, 503: "problem_unavailable"
      case 400..<500: "problem_input"
      default: "problem_internal"
      }
    let frame = PageFrame(
      failureIn: language, titleName: "problem_title", at: moment, people: people)
    let model = ProblemModel(
      sentence: people.text(sentence), status: problem.status.code, code: problem.code,
      detail: problem.detail)
    var answer = page(
      "problem", frame: frame, language: language, model, status: problem.status)
    answer.addHeaders(of: problem)
    return answer
  }
}
