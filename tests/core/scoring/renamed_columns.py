"""Names that people give the columns of well-known tables: the table's own, and those of somebody else's sheet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RenamedTable:
    """A table in the shared folder, what a model predicts from it, and other names for its columns."""

    path: str
    target: str
    renames: dict[str, str]
    separator: str = ","
    dates: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


TABLES = {
    "telco": RenamedTable(
        "telco_churn/customer_churn_telco.csv",
        "Churn",
        {
            "gender": "Sex", "SeniorCitizen": "is_senior_citizen", "Partner": "has partner", "Dependents": "dependants",
            "tenure": "Tenure (months)", "PhoneService": "phone_svc", "MultipleLines": "Multiple phone lines",
            "InternetService": "Internet", "OnlineSecurity": "Online security add-on", "OnlineBackup": "online_bkp",
            "DeviceProtection": "Device protection plan", "TechSupport": "Technical support",
            "StreamingTV": "TV streaming", "StreamingMovies": "Movie streaming", "Contract": "Contract type",
            "PaperlessBilling": "Paperless bill", "PaymentMethod": "pay_method", "MonthlyCharges": "Charges per month",
            "TotalCharges": "Total charge (USD)",
        },
        excluded=("customerID",),
    ),
    "titanic": RenamedTable(
        "titanic/kaggle_train.csv",
        "Survived",
        {
            "Pclass": "Passenger class", "Sex": "Gender", "Age": "Age (years)", "SibSp": "Siblings/Spouses",
            "Parch": "Parents/Children", "Fare": "ticket_fare", "Embarked": "Port of embarkation",
            "Cabin": "Cabin no.", "Ticket": "Ticket number",
        },
        excluded=("PassengerId", "Name"),
    ),
    "bank": RenamedTable(
        "bank_marketing_full/bank.csv",
        "deposit",
        {
            "age": "customer_age", "job": "occupation", "marital": "Marital status", "education": "edu_level",
            "default": "has_default", "balance": "Account balance", "housing": "housing_loan", "loan": "personal loan",
            "contact": "contact_type", "day": "day of month", "month": "mth", "duration": "call duration (s)",
            "campaign": "n_campaign", "pdays": "days since previous contact", "previous": "prev_contacts",
            "poutcome": "previous outcome",
        },
    ),
    "housing": RenamedTable(
        "california_housing/housing.csv",
        "median_house_value",
        {
            "longitude": "lng", "latitude": "lat", "housing_median_age": "Median age of housing",
            "total_rooms": "rooms (total)", "total_bedrooms": "tot_bedrooms", "population": "Pop.",
            "households": "n_households", "median_income": "Income, median", "ocean_proximity": "Proximity to ocean",
        },
    ),
    "bike": RenamedTable(
        "bike_sharing_hour/bike_hour.csv",
        "cnt",
        {
            "dteday": "date", "season": "Season code", "yr": "year", "mnth": "month", "hr": "hour of day",
            "holiday": "is_holiday", "weekday": "Day of week", "workingday": "working day flag",
            "weathersit": "weather situation", "temp": "temperature", "atemp": "feels-like temperature",
            "hum": "humidity", "windspeed": "Wind speed (km/h)",
        },
        dates=("dteday",), excluded=("instant",),
    ),
    "walmart": RenamedTable(
        "walmart_sales/sales_forecasting_walmart.csv",
        "Weekly_Sales",
        {
            "Store": "Store No.", "Date": "Week date", "Holiday_Flag": "is holiday", "Temperature": "temp (F)",
            "Fuel_Price": "Price of fuel", "CPI": "Consumer price index", "Unemployment": "unemployment_rate",
        },
        dates=("Date",), categorical=("Store",),
    ),
    "shoppers": RenamedTable(
        "online_shoppers/online_shoppers_intention.csv",
        "Revenue",
        {
            "Administrative": "Admin pages", "Administrative_Duration": "admin_duration",
            "Informational": "Info pages", "Informational_Duration": "info_dur", "ProductRelated": "Product pages",
            "ProductRelated_Duration": "Product-related duration (s)", "BounceRates": "bounce rate",
            "ExitRates": "exit rate", "PageValues": "page_val", "SpecialDay": "Special day score",
            "Month": "Visit month", "OperatingSystems": "OS", "Browser": "browser_id", "Region": "region code",
            "TrafficType": "Traffic source type", "VisitorType": "type_of_visitor", "Weekend": "is_weekend",
        },
    ),
    "concrete": RenamedTable(
        "concrete/concrete.csv",
        "strength_mpa",
        {
            "cement": "Cement (component 1)(kg in a m^3 mixture)",
            "slag": "Blast Furnace Slag (component 2)(kg in a m^3 mixture)",
            "fly_ash": "Fly Ash (component 3)(kg in a m^3 mixture)",
            "water": "Water  (component 4)(kg in a m^3 mixture)",
            "superplasticizer": "Superplasticizer (component 5)(kg in a m^3 mixture)",
            "coarse_agg": "Coarse Aggregate  (component 6)(kg in a m^3 mixture)",
            "fine_agg": "Fine Aggregate (component 7)(kg in a m^3 mixture)", "age_days": "Age (day)",
        },
    ),
    "student": RenamedTable(
        "student_dropout/dropout_data.csv",
        "Target",
        {
            "Marital status": "marital_st", "Application mode": "app_mode", "Application order": "Order of application",
            "Course": "course_id", "Previous qualification": "prev_qualification",
            "Previous qualification (grade)": "Grade of previous qualification", "Nacionality": "Nationality",
            "Mother's qualification": "Qualification of mother", "Father's qualification": "Qualification of father",
            "Mother's occupation": "mother job", "Father's occupation": "father job",
            "Admission grade": "adm_grade", "Displaced": "is_displaced", "Debtor": "debtor flag",
            "Tuition fees up to date": "tuition paid", "Gender": "sex", "Scholarship holder": "has scholarship",
            "Age at enrollment": "Enrollment age", "International": "is_international",
            "Curricular units 1st sem (approved)": "1st sem units approved",
            "Curricular units 1st sem (grade)": "grade 1st sem curricular units",
            "Curricular units 2nd sem (approved)": "2nd sem units approved",
            "Curricular units 2nd sem (grade)": "grade 2nd sem curricular units",
            "Unemployment rate": "unemployment", "Inflation rate": "inflation %", "GDP": "gdp_growth",
        },
        separator=";",
        categorical=("Course", "Marital status", "Application mode", "Mother's occupation", "Father's occupation"),
    ),
    "ames": RenamedTable(
        "ames_housing/house_prices_ames.csv",
        "SalePrice",
        {
            "MS.Zoning": "Zoning", "Lot.Frontage": "lot_front", "Lot.Area": "Lot area (sqft)", "Street": "street_type",
            "Lot.Shape": "Shape of lot", "Land.Contour": "Contour", "Neighborhood": "Nbhd", "House.Style": "Style",
            "Bldg.Type": "Building type", "Overall.Qual": "Overall quality", "Overall.Cond": "Overall condition",
            "Year.Built": "Yr built", "Year.Remod.Add": "Year remodelled", "Roof.Style": "style_of_roof",
            "Exterior.1st": "Exterior1", "Exterior.2nd": "Exterior2", "Mas.Vnr.Area": "Masonry veneer area",
            "Exter.Qual": "Exterior quality", "Exter.Cond": "Exterior condition", "Bsmt.Qual": "Basement quality",
            "Bsmt.Cond": "Basement condition", "BsmtFin.SF.1": "Basement fin SF 1", "Bsmt.Unf.SF": "Unfinished bsmt sf",
            "Total.Bsmt.SF": "Total basement SF", "Heating.QC": "Heating quality", "Central.Air": "central_ac",
            "X1st.Flr.SF": "First floor SF", "X2nd.Flr.SF": "Second floor SF", "Gr.Liv.Area": "Living area",
            "Full.Bath": "Full bathrooms", "Half.Bath": "Half bathrooms", "Bedroom.AbvGr": "Bedrooms",
            "Kitchen.Qual": "Kitchen quality", "TotRms.AbvGrd": "Total rooms", "Fireplace.Qu": "Fireplace quality",
            "Garage.Type": "Type of garage", "Garage.Yr.Blt": "Garage year built", "Garage.Cars": "Cars in garage",
            "Garage.Area": "garage_area_sf", "Paved.Drive": "Paved driveway", "Wood.Deck.SF": "Wood deck area (SF)",
            "Open.Porch.SF": "Open porch", "Mo.Sold": "Month sold", "Yr.Sold": "Year sold",
            "Sale.Condition": "Condition of sale",
        },
        excluded=("Order", "PID"),
    ),
    "adult": RenamedTable(
        "adult/adult_train.csv",
        "income",
        {
            "age": "Age in years", "workclass": "Work class code", "education": "Highest education",
            "education_num": "edu years", "marital": "Marital status", "occupation": "Job", "relationship": "Relation",
            "race": "Ethnic group", "sex": "Gender", "capital_gain": "cap. gain", "capital_loss": "cap. loss",
            "hours_per_week": "Weekly hours", "country": "Native country",
        },
        excluded=("fnlwgt",),
    ),
}  # fmt: skip
ADULT_COLUMNS = (
    "age", "workclass", "fnlwgt", "education", "education_num", "marital", "occupation", "relationship", "race", "sex",
    "capital_gain", "capital_loss", "hours_per_week", "country", "income",
)  # fmt: skip
