"""Billing's settings. Billing mails invoice addresses and stores payers' bank accounts, so it holds the keys of both
purposes.
"""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Self

from pydantic import model_validator

from services.billing.connectors import CONNECTORS
from services.billing.rules.invoices.vat import TaxRate
from shared.foundation.errors import Invalid
from shared.wiring.settings import Settings

NON_DEGREE_EDUCATION = TaxRate(Decimal("0.03"), date(2016, 5, 1), preference_code="08", basis="财税〔2016〕68号第三条")
"""The simple method that a general taxpayer may choose for non-degree education. The institution's accountant
decides."""


class BillingSettings(Settings):
    """See shared.wiring.settings.Settings. Raises Invalid for an unknown connector or a tax rate outside [0, 1).

    `invoice_connector`: a name from connectors.CONNECTORS. If empty, a demo uses the fake connector and a real
    installation uses none. `tax_rates`: JSON, a list of objects with the fields of rules.vat.TaxRate, each valid from
    one day to another. `special_invoice_needs_contact`: whether the office requires address, phone, bank and account of
    the buyer of a special invoice; digital invoices do not need them.
    """

    SERVICE: ClassVar[str] = "billing"

    invoice_connector: str = ""
    tax_rates: tuple[TaxRate, ...] = (NON_DEGREE_EDUCATION,)
    special_invoice_needs_contact: bool = False

    @model_validator(mode="after")
    def _validate(self) -> Self:
        if self.connector not in CONNECTORS:
            raise Invalid(
                "LINGJUN_INVOICE_CONNECTOR 的值“{connector}”不是已有的开票通道，请改为 {known} 之一。",
                code="unknown-connector",
                values={"connector": self.connector, "known": "、".join(CONNECTORS)},
            )
        if not all(0 <= row.rate < 1 for row in self.tax_rates):
            raise Invalid("LINGJUN_TAX_RATES 中的税率须写作 0 到 1 之间的小数，如 0.03。", code="tax-rates")
        return self

    @property
    def connector(self) -> str:
        """The connector's name. Only a demo issues sample invoices by default."""
        return self.invoice_connector or ("fake" if self.clock.startswith("travelling:") else "none")
