import HTTPTypes
import Testing
import Web

/// The description says what every answer is; each answer of these tests is held against it where it comes
/// (``TestService/send(_:_:token:headers:body:)``).
@Suite struct AnswerSchemaTests {
  @Test func everyAnswerInJSONHasASchema() throws {
    let described = try AnswerSchemas.described.get()
    let empty = described.answers.filter { $0.key.hasSuffix("json") && $0.value.isEmpty }
    #expect(empty.keys.sorted() == [])
    let unsaid = described.named.filter { $0.value.isEmpty && $0.key != "Ranges" }
    #expect(unsaid.keys.sorted() == [])
    #expect(described.answers.count > 110)
  }

  private static let small = """
    paths:
      /v1/debts:
        get:
          responses:
            "200":
              content:
                application/json:
                  schema: {type: array, items: {$ref: "#/components/schemas/Debt"}}
    components:
      schemas:
        Debt:
          type: object
          required: [window, state]
          properties:
            window: {type: integer}
            state: {type: string, enum: [debt]}
            code: {type: [string, "null"]}
            payee: {oneOf: [{type: object, required: [iban], properties: {iban: {type: string}}}, {type: "null"}]}
            sums: {type: object, additionalProperties: {type: integer}}
    """

  @Test(arguments: [
    (#"[]"#, [String]()),
    (#"[{"window":1,"state":"debt","code":null,"payee":null,"sums":{"UAH":5}}]"#, []),
    (#"[{"window":1,"state":"debt","payee":{"iban":"UA"}}]"#, []),
    (#"[{"state":"debt"}]"#, ["/0/window: is missing"]),
    (#"[{"window":1,"state":"debt","more":1}]"#, ["/0/more: is not in the description"]),
    (#"[{"window":1.5,"state":"debt"}]"#, [#"/0/window: is ["number"], not ["integer"]"#]),
    (#"[{"window":1,"state":"paid"}]"#, [#"/0/state: paid is none of ["debt"]"#]),
    (#"[{"window":1,"state":"debt","payee":{}}]"#, ["/0/payee/iban: is missing"]),
    (
      #"[{"window":1,"state":"debt","sums":{"UAH":"5"}}]"#,
      [#"/0/sums/UAH: is ["string"], not ["integer"]"#]
    ),
    (#"{}"#, [#": is ["object"], not ["array"]"#]),
  ])
  func whatIsOtherwiseThanDescribedIsFound(_ body: String, _ expected: [String]) throws {
    let schemas = try AnswerSchemas(yaml: Array(Self.small.utf8))
    let answer = Answer.json(Array(body.utf8))
    let faults = schemas.faults(of: answer, at: .debts)
    #expect(faults == expected.map { "GET /v1/debts 200 application/json: \($0)" })
    let other = Answer.json(Array(body.utf8), .created)
    #expect(
      schemas.faults(of: other, at: .debts)
        == ["GET /v1/debts 201 application/json: is not in the description"])
  }
}
